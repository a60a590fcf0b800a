/** `hold`: up, and then held for `hold.duration`: whether connections stay, and what they hear. */
import * as Effect from "effect/Effect"
import { countOf } from "../metrics/RunMetrics.ts"
import { endedEarly, endedMissed, lower, plain } from "./figures.ts"
import type { MakeScenario } from "./Scenario.ts"
import { allSettled, holding } from "./stages.ts"

export const hold: MakeScenario = (stage) => ({
  direct: Effect.andThen(allSettled(stage), holding(stage)),
  settle: Effect.void,
  outcome: ({ connections }) => ({
    name: "hold",
    figures: [
      plain("held", "open at the end", "connections", connections.active),
      lower("ended", "ended by the server, or broken", "connections", endedEarly(connections)),
      lower("failed", "errors", "", countOf(connections.errors))
    ],
    missed: endedMissed(connections)
  })
})
