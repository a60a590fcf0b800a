/** Scenario g: clients that only answer the server's pings. */
import { setTimeout as sleep } from "node:timers/promises"
import { usageOf } from "../support/usage.ts"
import type { Case } from "./scenario.ts"
import { PLAIN, withClarion } from "./servers.ts"

const OPEN_WITHIN_MS = 90_000
/** After its start a server collects garbage once more. */
const SETTLE_MS = 12_000
/** What the server does without clients is read for so long. */
const ALONE_MS = 10_000

export const idleCases: ReadonlyArray<Case> = [
  {
    title: "idle clients, pinged every 25 s",
    measure: (context) =>
      withClarion(context, false, async (bench) => {
        const { connections, idleMs, idleAfterMs } = context.scale
        await sleep(SETTLE_MS)
        const [, alone] = await usageOf(bench, () => sleep(ALONE_MS))
        const where = { port: bench.server.port, dialect: "channels", prefix: PLAIN } as const
        await bench.driver.order("open", { ...where, connections, channels: 1 }, OPEN_WITHIN_MS)
        await sleep(idleAfterMs)
        const [, usage] = await usageOf(bench, () => sleep(idleMs))
        const percent = ({ cpuUs, seconds }: typeof usage) => (cpuUs / seconds / 1e6) * 100
        return {
          figures: [
            { label: "**percent of a core**", digits: 2, value: percent(usage) },
            { label: "the same without clients", digits: 2, value: percent(alone) }
          ],
          problems: [],
          othersBusy: [usage.othersBusy]
        }
      })
  }
]
