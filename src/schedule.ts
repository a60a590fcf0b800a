/** `node dist/server.js schedule …`: talks to a running server. Loaded only when it is asked for. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { WrongUsage } from "./cli/failures.ts"
import { scheduleCommand } from "./cli/scheduleCommand.ts"
import { version } from "./config/commandLine.ts"
import { runMain } from "./program.ts"

/** Help was printed, and what is wrong with the command line. */
const wrongUsage = Effect.sync(() => {
  process.exitCode = WrongUsage.exitCode
})

export const runSchedule = (args: ReadonlyArray<string>): void =>
  runMain(
    Command.runWith(scheduleCommand, { version })(args).pipe(
      Effect.catchTag("ShowHelp", ({ errors }) => (errors.length === 0 ? Effect.void : wrongUsage)),
      Effect.provide(NodeServices.layer)
    )
  )
