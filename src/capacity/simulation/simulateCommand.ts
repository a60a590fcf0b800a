/** `npm run simulate`: reads its options, simulates, and prints. */
import * as Effect from "effect/Effect"
import type { ConfigInvalid } from "../../config/resolve.ts"
import { readOptions } from "../options.ts"
import { simulationKeys } from "./SimulationInput.ts"
import { showSimulation, simulationJson } from "./showSimulation.ts"
import { simulate } from "./simulate.ts"

const options = {
  name: "simulate",
  about:
    "How a broadcast spreads over a cluster, and how clients come back after a loss: simulated from measured costs.",
  keys: simulationKeys,
  rules: []
}

/** What is printed, or why nothing can be. */
export const simulationText = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>
): Effect.fn.Return<string, ConfigInvalid> {
  const wish = yield* Effect.fromResult(readOptions(options, args))
  if ("print" in wish) return wish.print
  const { json, ...input } = wish.options
  const simulated = yield* simulate(input)
  return json ? simulationJson(simulated) : showSimulation(input, simulated)
})
