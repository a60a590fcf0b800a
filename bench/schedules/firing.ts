/** Scenarios b and c: how long after their time schedules reach a client. */
import type { Figure, Lookup } from "../support/scenario.ts"
import { busyFigures } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { usageOf } from "../support/usage.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case } from "./scenario.ts"
import { newStore, withClarion } from "./servers.ts"

const FIRE_WITHIN_MS = 180_000
/** From the last schedule that was made to the first that is due. */
const AHEAD_MS = 3_000

const LAST = "**last client message after its time, ms**"
const P99 = "**client message after its time p99, ms**"

const firingCase = (
  title: string,
  countOf: (scale: Parameters<Case["measure"]>[0]["scale"]) => number,
  apartMs: number
): Case => ({
  title,
  measure: (context) =>
    withClarion(context, newStore(context), async (bench) => {
      const count = countOf(context.scale)
      const order = { port: bench.server.port, count, apartMs, aheadMs: AHEAD_MS }
      const [{ lateMs, early, missing, repeated }, usage] = await usageOf(bench, () =>
        bench.driver.order("fire", order, FIRE_WITHIN_MS)
      )
      const figure = (label: string, value: number | null): Figure => ({
        label,
        digits: 1,
        value: value ?? Number.NaN
      })
      const problems = [
        ...(missing > 0 ? [`${missing} of ${count} did not come`] : []),
        ...(repeated > 0 ? [`${repeated} came twice`] : []),
        ...(early > 0 ? [`${early} came before their time`] : [])
      ]
      return {
        figures: [
          figure("client message after its time p50, ms", lateMs.p50),
          figure(P99, lateMs.p99),
          figure(LAST, lateMs.max),
          ...busyFigures("making and firing", usage)
        ],
        problems,
        othersBusy: [usage.othersBusy]
      }
    })
})

const BURST = "all at once"
const BURST_MS = 1_000
export const burstCases: ReadonlyArray<Case> = [firingCase(BURST, ({ burst }) => burst, 0)]

const SPREAD = "one every 10 ms"
const SPREAD_MS = 5
export const spreadCases: ReadonlyArray<Case> = [firingCase(SPREAD, ({ spread }) => spread, 10)]

const within = (
  of: Lookup,
  title: string,
  label: string,
  target: string,
  ms: number
): ReadonlyArray<Verdict> => [
  judged(
    `${title}: ${target} within ${ms} ms of its time, as a client sees it`,
    of(title, label),
    (late) => `${cell(late, 1)} ms`,
    ({ median }) => median <= ms
  )
]

export const burstVerdicts = (of: Lookup) => within(of, BURST, LAST, "the last one", BURST_MS)
export const spreadVerdicts = (of: Lookup) => within(of, SPREAD, P99, "99 of 100", SPREAD_MS)
