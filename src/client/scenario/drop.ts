/** `drop`: all are cut at once while publications go on; how soon they are back, and what they missed by then. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { plain } from "./figures.ts"
import { returnFigures } from "./returns.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled, lookUntil } from "./stages.ts"

/** Figures that limits are about: with nothing cut, none of them is known. */
const OF_THE_CUT: ReadonlySet<string> = new Set(["missed", "recoveryP99", "notRecovered"])

export const drop: MakeScenario = (stage) => {
  const { config, order } = stage
  const timeoutMs = Duration.toMillis(config.drop.timeout)
  /** Open when all had come to their end, cut, and not back at the last look. */
  let before = 0
  let cut: number | null = null
  let away = 0
  const missed = () => {
    if (cut === null) return ["the cut never came"]
    if (cut === 0) return ["no connection was open to be cut"]
    return away === 0 ? [] : [`${away} of ${before} connections did not come back within drop.timeout`]
  }
  return {
    direct: Effect.gen(function* () {
      yield* allSettled(stage)
      before = (yield* stage.look).active
      stage.tell({ at: "before the cut" })
      yield* Effect.sleep(config.drop.delay)
      const { active } = yield* stage.look
      cut = active
      away = before
      stage.tell({ at: "after the cut" })
      yield* order({ _tag: "Cut" })
      // The ends of the cut ones are heard first: until then, those that are gone still count.
      yield* lookUntil(stage, 1000, (glance) => glance.active < active)
      // Those that the server lost before the cut have to come back, too.
      yield* lookUntil(stage, timeoutMs, (glance) => {
        away = Math.max(0, before - glance.active)
        return away === 0
      })
      // A publication more shows what was missed where the channel has no history.
      yield* Effect.sleep(config.drop.delay)
    }),
    settle: Effect.void,
    outcome: (snapshot) => ({
      name: "drop",
      figures: [
        plain("cut", "cut at once", "connections", cut),
        ...returnFigures(snapshot, config).map((figure) =>
          OF_THE_CUT.has(figure.name) && !cut ? { ...figure, value: null } : figure
        )
      ],
      missed: missed()
    })
  }
}
