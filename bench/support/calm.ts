/** Waits for a core that nobody else uses: figures from a shared core compare the others, not the servers. */
import { setTimeout as sleep } from "node:timers/promises"
import { coreBusy } from "./procfs.ts"

const SAMPLE_MS = 1_000
const MOST_BUSY = 0.05

/** Returns when the core was idle for a second, or after `withinMs`; whoever measures notes what others used meanwhile. */
export const calm = async (core: number, withinMs: number): Promise<void> => {
  const until = performance.now() + withinMs
  while (performance.now() < until) {
    const before = coreBusy(core)
    await sleep(SAMPLE_MS)
    const after = coreBusy(core)
    if (before === undefined || after === undefined) return
    if (after - before < MOST_BUSY * SAMPLE_MS * 1000) return
  }
}
