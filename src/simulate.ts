/** `npm run simulate`: what a cluster does, in virtual time. */
import * as Effect from "effect/Effect"
import { simulationText } from "./capacity/simulation/simulateCommand.ts"
import { runMain } from "./program.ts"

runMain(
  Effect.map(simulationText(process.argv.slice(2)), (text) => {
    process.stdout.write(`${text}\n`)
  })
)
