/** A command as a whole: what it prints, and what is wrong with a command line. */
import * as Console from "effect/Console"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { WrongUsage } from "./failures.ts"

const isShowHelp = (error: unknown): error is CliError.ShowHelp => error instanceof CliError.ShowHelp

/**
 * Runs a command. A wrong command line fails with what is wrong and nothing else: the CLI module prints the whole help before that, which
 * would push it off the screen. So what is printed is held back until it is known that the command line was right.
 */
export const runCommand = Effect.fnUntraced(function* <Name extends string, I, C, E, R>(
  command: Command.Command<Name, I, C, E, R>,
  args: ReadonlyArray<string>,
  version: string
) {
  const console = yield* Console.Console
  const held: Array<ReadonlyArray<unknown>> = []
  const holding = { ...console, log: (...words: ReadonlyArray<unknown>) => void held.push(words) }
  yield* Command.runWith(command, { version, renderErrors: false })(args).pipe(
    Effect.catchIf(isShowHelp, ({ commandPath, errors }) =>
      errors.length === 0
        ? Effect.void
        : Effect.fail(
            new WrongUsage({
              detail: [
                ...errors.map(({ message }) => message),
                `"${commandPath.join(" ")} --help" tells what it takes`
              ].join("\n")
            })
          )
    ),
    Effect.provideService(Console.Console, holding)
  )
  for (const words of held) console.log(...words)
})
