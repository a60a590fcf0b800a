/** `spike`: all connections at once, as after an outage of the network; then held for `hold.duration`. */
import * as Effect from "effect/Effect"
import { endedMissed, setupFigures } from "./figures.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled, holding } from "./stages.ts"

export const spike: MakeScenario = (stage) => ({
  direct: Effect.andThen(allSettled(stage), holding(stage)),
  settle: Effect.void,
  outcome: (snapshot) => ({
    name: "spike",
    figures: setupFigures(snapshot, stage.total),
    missed: endedMissed(snapshot.connections)
  })
})
