/** `npm run plan`: how many machines a load needs. */
import * as Effect from "effect/Effect"
import { planText } from "./capacity/planCommand.ts"
import { runMain } from "./program.ts"

runMain(
  Effect.map(Effect.fromResult(planText(process.argv.slice(2))), (text) => {
    process.stdout.write(`${text}\n`)
  })
)
