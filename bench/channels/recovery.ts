/** Scenario f: everyone was cut off, missed something, and comes back at once. */

import { busyFigures } from "../support/scenario.ts"
import { usageOf } from "../support/usage.ts"
import type { Case } from "./scenario.ts"
import { emptied, profiled, RECOVERABLE, withClarion } from "./servers.ts"

/** Publications that each client has missed. */
const MISSED = 50
const OPEN_WITHIN_MS = 90_000
const PUBLISH_WITHIN_MS = 120_000

const recoveryCase = (title: string, channelsOf: (connections: number) => number): Case => ({
  title,
  measure: (context) =>
    withClarion(context, false, async (bench) => {
      const { driver, inspector } = bench
      const { port } = bench.server
      const { connections } = context.scale
      const channels = channelsOf(connections)
      const where = { port, prefix: RECOVERABLE, channels }
      await driver.order("open", { ...where, dialect: "channels", connections }, OPEN_WITHIN_MS)
      await driver.order("cut", {}, OPEN_WITHIN_MS)
      await emptied(port)
      await driver.order("publish", { ...where, each: MISSED }, PUBLISH_WITHIN_MS)
      const [{ seconds, clientMs }, usage] = await profiled(context, inspector, `recovery ${title}`, () =>
        usageOf(bench, () => driver.order("recover", { missed: MISSED }, OPEN_WITHIN_MS))
      )
      return {
        figures: [
          { label: "**seconds to the last publication**", digits: 2, value: seconds },
          { label: "server CPU per client, µs", digits: 1, value: usage.cpuUs / connections },
          { label: "a client p50, ms", digits: 0, value: clientMs.p50 ?? Number.NaN },
          { label: "a client p99, ms", digits: 0, value: clientMs.p99 ?? Number.NaN },
          ...busyFigures("recovery", usage)
        ],
        problems: [],
        othersBusy: [usage.othersBusy]
      }
    })
})

export const recoveryCases: ReadonlyArray<Case> = [
  recoveryCase("one channel for all", () => 1),
  recoveryCase("channels of their own", (connections) => connections)
]
