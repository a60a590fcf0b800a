/** `drop`: all are cut at once while publications go on; how soon they are back, and what they missed by then. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { plain } from "./figures.ts"
import { returnFigures } from "./returns.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled, lookUntil } from "./stages.ts"

export const drop: MakeScenario = (stage) => {
  const { config, order } = stage
  let cut: number | null = null
  return {
    direct: Effect.gen(function* () {
      yield* allSettled(stage)
      yield* Effect.sleep(config.drop.delay)
      const { active } = yield* stage.look
      cut = active
      yield* order({ _tag: "Cut" })
      // The ends of the cut ones are heard first: until then, those that are gone still count.
      yield* lookUntil(stage, 1000, (glance) => glance.active < active)
      yield* lookUntil(stage, Duration.toMillis(config.drop.timeout), (glance) => glance.active >= active)
      // A publication more shows what was missed where the channel has no history.
      yield* Effect.sleep(config.drop.delay)
    }),
    settle: Effect.void,
    outcome: (snapshot) => ({
      name: "drop",
      figures: [plain("cut", "cut at once", "connections", cut), ...returnFigures(snapshot, config)]
    })
  }
}
