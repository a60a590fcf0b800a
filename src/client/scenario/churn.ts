/** `churn`: while all are held, a share of them reconnects every second, each at its own moment of it. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { countOf } from "../metrics/RunMetrics.ts"
import { lower } from "./figures.ts"
import { returnFigures } from "./returns.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled, lookUntil } from "./stages.ts"

const TURN_MS = 1000
/** Time for the close handshakes of the last ones to leave. */
const CLOSES_MS = 500
/** The last ones to leave come back within their first backoff, where the server takes them. */
const LAST_RETURNS_MS = 5000

export const churn: MakeScenario = (stage) => {
  const { config, order } = stage
  const turn = Effect.andThen(
    order({ _tag: "Churn", share: config.churn.share, overMs: TURN_MS }),
    Effect.sleep(TURN_MS)
  )
  return {
    direct: Effect.gen(function* () {
      yield* allSettled(stage)
      stage.tell({ endsAt: stage.now() + Duration.toMillis(config.hold.duration) })
      yield* Effect.timeoutOption(Effect.forever(turn), config.hold.duration)
      yield* Effect.sleep(TURN_MS + CLOSES_MS)
      yield* lookUntil(stage, LAST_RETURNS_MS, ({ active }) => active >= stage.total)
    }),
    settle: Effect.void,
    outcome: (snapshot) => ({
      name: "churn",
      figures: [
        ...returnFigures(snapshot, config),
        lower("failed", "errors", "", countOf(snapshot.connections.errors))
      ]
    })
  }
}
