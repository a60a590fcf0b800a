/** The command `schedule` inside the test: what it printed, and what it failed with. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { runCommand } from "../../../src/cli/runCommand.ts"
import { scheduleCommand } from "../../../src/cli/scheduleCommand.ts"

export interface CommandEnd {
  readonly out: string
  readonly err: string
  /** The message of its failure. */
  readonly failure: string
  readonly code: number
}

export const runSchedule = async (...args: ReadonlyArray<string>): Promise<CommandEnd> => {
  const lines: Array<string> = []
  const errors: Array<string> = []
  const console = {
    ...globalThis.console,
    log: (...words: ReadonlyArray<unknown>) => lines.push(words.join(" ")),
    error: (...words: ReadonlyArray<unknown>) => errors.push(words.join(" "))
  }
  const exit = await Effect.runPromiseExit(
    runCommand(scheduleCommand, args, "0").pipe(
      Effect.provide(NodeServices.layer),
      Effect.provideService(Console.Console, console as unknown as Console.Console)
    )
  )
  const said = { out: lines.join("\n"), err: errors.join("\n") }
  if (Exit.isSuccess(exit)) return { ...said, failure: "", code: 0 }
  const failure = Cause.squash(exit.cause) as Error & { readonly [Runtime.errorExitCode]?: number }
  return { ...said, failure: failure.message, code: failure[Runtime.errorExitCode] ?? 1 }
}
