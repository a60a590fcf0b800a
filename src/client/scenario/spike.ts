/** `spike`: all connections at once, as after an outage of the network; then held for `hold.duration`. */
import * as Effect from "effect/Effect"
import { endedMissed, setupFigures } from "./figures.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled } from "./stages.ts"

export const spike: MakeScenario = (stage) => ({
  direct: Effect.andThen(allSettled(stage), Effect.sleep(stage.config.hold.duration)),
  settle: Effect.void,
  outcome: (snapshot) => ({
    name: "spike",
    figures: setupFigures(snapshot, stage.total),
    missed: endedMissed(snapshot.connections)
  })
})
