/** `ramp`: up, and the end when all are open: how a server takes connections, and how fast. */
import * as Effect from "effect/Effect"
import { setupFigures } from "./figures.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled } from "./stages.ts"

export const ramp: MakeScenario = (stage) => ({
  direct: allSettled(stage),
  settle: Effect.void,
  outcome: (snapshot) => ({
    name: "ramp",
    figures: [...setupFigures(snapshot, stage.total)]
  })
})
