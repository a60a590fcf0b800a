/** What both programs do with their command line and their end. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import { type Program, readCommandLine } from "./config/commandLine.ts"
import type { ConfigOf, Keys } from "./config/Keys.ts"

/** Prints what the command line asks for and exits, or runs. A wrong configuration is told on stderr; exit code 78. */
export const runProgram = <K extends Keys>(
  program: Program<K>,
  run: (config: ConfigOf<K>, source: string) => void
): void => {
  const wish = readCommandLine(program, process.argv.slice(2), process.env)
  if (Result.isFailure(wish)) {
    process.stderr.write(`${wish.failure.message}\n`)
    process.exitCode = 78
  } else if ("print" in wish.success) process.stdout.write(`${wish.success.print}\n`)
  else run(wish.success.config, wish.success.source)
}

/** SIGTERM and SIGINT are the ordinary end of a server: exit code 0. */
export const teardown: Runtime.Teardown = (exit, done) =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? done(0) : Runtime.defaultTeardown(exit, done)
