/**
 * `slow-reader`: a share of the connections stops reading. What becomes of them, and whether the readers feel it: for a quarter of
 * `hold.duration` all read, for the rest of it some do not.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { LatencySnapshot } from "../metrics/LatencyHistogram.ts"
import { latencySince } from "../metrics/latencySince.ts"
import { lower, percentiles, plain } from "./figures.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled } from "./stages.ts"

/** What waits for the slow ones is read at the end, to learn whether a close frame is behind it: until nothing has come for so long. */
const QUIET_MS = 1000
const READ_ON_MS = 10_000

export const slowReader: MakeScenario = (stage) => {
  const { config, order } = stage
  const holdMs = Duration.toMillis(config.hold.duration)
  /** Latencies up to when all were open, and up to when some stopped. */
  let opened: LatencySnapshot | undefined
  let before: LatencySnapshot | undefined
  return {
    direct: Effect.gen(function* () {
      yield* allSettled(stage)
      stage.tell({ endsAt: stage.now() + holdMs })
      opened = (yield* stage.measure).latency
      yield* Effect.sleep(holdMs / 4)
      before = (yield* stage.measure).latency
      yield* order({ _tag: "StopReading", share: config.slowReader.share })
      yield* Effect.sleep((holdMs * 3) / 4)
    }),
    settle: Effect.gen(function* () {
      if (before === undefined) return
      yield* order({ _tag: "ReadOn" })
      const until = stage.now() + READ_ON_MS
      let known = -1
      while (stage.now() < until) {
        yield* Effect.sleep(QUIET_MS)
        const { scenario } = yield* stage.measure
        const news = (scenario?.slowMessages ?? 0) + closedOf(scenario?.slowClosed)
        if (news === known) return
        known = news
      }
    }),
    outcome: ({ scenario, latency }) => {
      const slow = scenario?.slow ?? 0
      const closed = scenario?.slowClosed ?? {}
      const all = closedOf(closed)
      const as3008 = closed[3008] ?? 0
      const first = percentiles(opened && before && latencySince(opened, before))
      const after = percentiles(before && latencySince(before, latency))
      return {
        name: "slow-reader",
        figures: [
          plain("slow", "stopped reading", "connections", slow),
          plain("slowClosed3008", "of them, closed with 3008", "connections", as3008),
          plain("slowEnded", "of them, ended otherwise", "connections", all - as3008),
          plain("slowOpen", "of them, still open", "connections", slow - all),
          plain("slowMessages", "messages that had waited for them", "messages", scenario?.slowMessages ?? 0),
          lower("readersP99Before", "latency while all read, 99th percentile", "ms", first.p99),
          lower("readersP99", "latency of the readers beside slow ones, 99th percentile", "ms", after.p99),
          lower("readersMax", "latency of the readers beside slow ones, longest", "ms", after.max)
        ]
      }
    }
  }
}

const closedOf = (counts: Readonly<Record<string, number>> = {}): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)
