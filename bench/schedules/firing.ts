/** Scenarios b and c: how long after their time schedules reach a client. */
import { mkdirSync } from "node:fs"
import type { Cores } from "../support/pinning.ts"
import type { Figure, Lookup } from "../support/scenario.ts"
import { busyFigures } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { usageOf } from "../support/usage.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case, Context } from "./scenario.ts"
import { newStore, runProgram, withClarion } from "./servers.ts"

const FIRE_WITHIN_MS = 180_000
/** From the last schedule that was made to the first that is due. */
const AHEAD_MS = 3_000

const LAST = "**last client message after its time, ms**"
const P99 = "**client message after its time p99, ms**"

/** LMDB writes in a thread of its own. */
const ALL_CORES: Cores = { unpinned: "all cores" }

const figure = (label: string, value: number | null): Figure => ({
  label,
  digits: 1,
  value: value ?? Number.NaN
})

const lateFigures = ({ p50, p99, max }: Record<"p50" | "p99" | "max", number | null>) => [
  figure("client message after its time p50, ms", p50),
  figure(P99, p99),
  figure(LAST, max)
]

interface Firing {
  readonly title: string
  readonly countOf: (scale: Context["scale"]) => number
  /** Between two of them. */
  readonly apartMs: (count: number) => number
  readonly coresOf: (context: Context) => Cores
}

const firingCase = ({ title, countOf, apartMs, coresOf }: Firing): Case => ({
  title,
  measure: (context) =>
    withClarion({ ...context, cores: coresOf(context) }, newStore(context), async (bench) => {
      const count = countOf(context.scale)
      const order = {
        port: bench.server.port,
        count,
        apartMs: apartMs(count),
        aheadMs: AHEAD_MS
      }
      const [{ lateMs, early, missing, repeated }, usage] = await usageOf(bench, () =>
        bench.driver.order("fire", order, FIRE_WITHIN_MS)
      )
      const problems = [
        ...(missing > 0 ? [`${missing} of ${count} did not come`] : []),
        ...(repeated > 0 ? [`${repeated} came twice`] : []),
        ...(early > 0 ? [`${early} came before their time`] : [])
      ]
      return {
        figures: [...lateFigures(lateMs), ...busyFigures("making and firing", usage)],
        problems,
        othersBusy: [usage.othersBusy]
      }
    })
})

const MOMENT = "all in the same millisecond"
const SECOND = "all in the same second"
const BURST_MS = 1_000
const burst = { countOf: ({ burst }: Context["scale"]) => burst, coresOf: () => ALL_CORES }
export const burstCases: ReadonlyArray<Case> = [
  firingCase({ ...burst, title: MOMENT, apartMs: () => 0 }),
  firingCase({ ...burst, title: SECOND, apartMs: (count) => 1_000 / count }),
  firingCase({
    ...burst,
    title: "in the same millisecond, server on one core",
    apartMs: () => 0,
    coresOf: ({ cores }) => cores
  })
]

const SPREAD = "one every 10 ms"
const SPREAD_MS = 5
const APART_MS = 10

/** What this machine needs for the same at least. */
const floorCase: Case = {
  title: "the least: a timer, a write that is forced to the disk, a write to a socket",
  measure: async (context) => {
    const directory = newStore(context)
    mkdirSync(directory)
    const late = await runProgram<Parameters<typeof lateFigures>[0]>({ cores: ALL_CORES }, "floor", [
      directory,
      context.scale.spread,
      APART_MS
    ])
    return { figures: lateFigures(late), problems: [], othersBusy: [] }
  }
}

export const spreadCases: ReadonlyArray<Case> = [
  firingCase({
    title: SPREAD,
    countOf: ({ spread }) => spread,
    apartMs: () => APART_MS,
    coresOf: () => ALL_CORES
  }),
  floorCase
]

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

export const burstVerdicts = (of: Lookup) =>
  [MOMENT, SECOND].flatMap((title) => within(of, title, LAST, "the last one", BURST_MS))
export const spreadVerdicts = (of: Lookup) => within(of, SPREAD, P99, "99 of 100", SPREAD_MS)
