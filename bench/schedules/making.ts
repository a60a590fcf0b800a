/** Scenarios d and e: how many schedules can be made in a second. */

import type { Cores } from "../support/pinning.ts"
import type { Figure, Lookup } from "../support/scenario.ts"
import { busyFigures } from "../support/scenario.ts"
import { cell } from "../support/table.ts"
import { usageOf } from "../support/usage.ts"
import { judged, type Verdict } from "../support/verdicts.ts"
import type { Case, Context } from "./scenario.ts"
import { newStore, runProgram, withClarion } from "./servers.ts"

const RATE = "**creates per second**"
const rateOf = (creates: number, seconds: number, cpuUs: number): ReadonlyArray<Figure> => [
  { label: RATE, digits: 0, value: creates / seconds },
  { label: "CPU per create, µs", digits: 1, value: cpuUs / creates }
]

const verdictOf = (of: Lookup, title: string, least: number): ReadonlyArray<Verdict> => [
  judged(
    `${title}: at least ${least} creates a second`,
    of(title, RATE),
    (rate) => cell(rate, 0),
    ({ median }) => median >= least
  )
]

// Through the service.

const SERVICE = "the Scheduler service, on disk"
const SERVICE_RATE = 20_000

/** @param coresOf where it runs: LMDB writes in a thread of its own */
const serviceCase = (title: string, coresOf: (context: Context) => Cores): Case => ({
  title,
  measure: async (context) => {
    const { creates } = context.scale
    const { seconds, cpuUs } = await runProgram<{ readonly seconds: number; readonly cpuUs: number }>(
      { cores: coresOf(context) },
      "create",
      [newStore(context), creates]
    )
    return { figures: rateOf(creates, seconds, cpuUs), problems: [], othersBusy: [] }
  }
})

export const serviceCases: ReadonlyArray<Case> = [
  serviceCase(SERVICE, () => ({ unpinned: "all cores" })),
  serviceCase("the same on one core", ({ cores }) => cores)
]

export const serviceVerdicts = (of: Lookup) => verdictOf(of, SERVICE, SERVICE_RATE)

// Over HTTP.

const HTTP = "POST /api/schedules, 64 connections"
const HTTP_RATE = 3_000
const CONNECTIONS = 64
/** Beyond the time that the load takes. */
const ANSWER_WITHIN_MS = 60_000

const BODY = JSON.stringify({
  delay: "1 hour",
  channels: ["news"],
  data: { text: "this is what was to be said at last" }
})

export const httpCases: ReadonlyArray<Case> = [
  {
    title: HTTP,
    measure: (context) =>
      withClarion(context, newStore(context), async (bench) => {
        const { loadMs, warmUpMs } = context.scale
        const order = {
          ...{ port: bench.server.port, path: "/api/schedules", body: BODY },
          ...{ connections: CONNECTIONS, pipelined: 1 }
        }
        const run = (forMs: number) =>
          bench.driver.order("load", { ...order, forMs }, forMs + ANSWER_WITHIN_MS)
        await run(warmUpMs)
        const [{ requests, seconds }, usage] = await usageOf(bench, () => run(loadMs))
        return {
          figures: [...rateOf(requests, seconds, usage.cpuUs), ...busyFigures("creating", usage)],
          problems: [],
          othersBusy: [usage.othersBusy]
        }
      })
  }
]

export const httpVerdicts = (of: Lookup) => verdictOf(of, HTTP, HTTP_RATE)
