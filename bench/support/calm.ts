/** Waits for a core that nobody else uses: figures from a shared core compare the others, not the servers. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Cores } from "./pinning.ts"
import { coreBusy } from "./procfs.ts"

const SAMPLE_MS = 1_000
const MOST_BUSY = 0.05
/** How long a server waits for its core to be idle before it is measured anyway. */
const CALM_WITHIN_MS = 30_000

/** Returns when the server's core was idle for a second, or after a while; whoever measures notes what others used meanwhile. */
export const calmServerCore = async (cores: Cores): Promise<void> => {
  if (!("unpinned" in cores)) await calm(cores.server, CALM_WITHIN_MS)
}

const calm = async (core: number, withinMs: number): Promise<void> => {
  const until = performance.now() + withinMs
  while (performance.now() < until) {
    const before = coreBusy(core)
    await sleep(SAMPLE_MS)
    const after = coreBusy(core)
    if (before === undefined || after === undefined) return
    if (after - before < MOST_BUSY * SAMPLE_MS * 1000) return
  }
}
