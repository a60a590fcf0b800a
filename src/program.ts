/** What both programs do with their command line, their signals and their end. */

import { constants } from "node:os"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import { type Program, readCommandLine } from "./config/commandLine.ts"
import type { ConfigOf, Keys } from "./config/Keys.ts"
import type { Diagnosis } from "./doctor/Diagnosis.ts"

/** Exit code 1 where the machine is short of something. */
const tellDiagnosis = (diagnosis: Effect.Effect<Diagnosis>): void =>
  runMain(
    Effect.map(diagnosis, ({ text, isShort }) => {
      process.stdout.write(`${text}\n`)
      if (isShort) process.exitCode = 1
    })
  )

/**
 * Prints what the command line asks for and exits, or runs. A wrong configuration is told on stderr; exit code 78.
 *
 * @param diagnose what `--doctor` says of a configuration
 */
export const runProgram = <K extends Keys>(
  program: Program<K>,
  diagnose: (config: ConfigOf<K>) => Effect.Effect<Diagnosis>,
  run: (config: ConfigOf<K>) => void
): void => {
  const wish = readCommandLine(program, process.argv.slice(2), process.env)
  if (Result.isFailure(wish)) {
    process.stderr.write(`${wish.failure.message}\n`)
    process.exitCode = 78
  } else if ("print" in wish.success) process.stdout.write(`${wish.success.print}\n`)
  else if ("doctor" in wish.success) tellDiagnosis(diagnose(wish.success.doctor))
  else run(wish.success.config)
}

/** An expected failure is one line on stderr, a bug its whole cause. */
const tell = (cause: Cause.Cause<unknown>): void => {
  const expected = Cause.findErrorOption(cause)
  const isExpected = expected._tag === "Some" && expected.value instanceof Error
  process.stderr.write(`${isExpected ? (expected.value as Error).message : Cause.pretty(cause)}\n`)
}

/** SIGTERM and SIGINT are an ordinary end: exit code 0. A failure is told, and its own code is the exit code, else 1. */
const teardown: Runtime.Teardown = (exit, done) => {
  if (Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)) return done(0)
  if (Exit.isFailure(exit)) tell(exit.cause)
  Runtime.defaultTeardown(exit, done)
}

/** Runs until the effect ends or a signal interrupts it; all finalizers are awaited. */
export const runMain = <A, E>(main: Effect.Effect<A, E>): void =>
  NodeRuntime.runMain(main, { teardown, disableErrorReporting: true })

/** Launchers such as npx pass on a Ctrl-C that the program has had from the terminal, too: within so many milliseconds it is the same one. */
const SAME_SIGNAL_MS = 100

/** To be called at every signal: from the second one on, `end` is. */
export const atSecondSignal = (now: () => number, end: () => void): (() => void) => {
  let firstAt: number | undefined
  return () => {
    firstAt ??= now()
    if (now() - firstAt >= SAME_SIGNAL_MS) end()
  }
}

/** As shells have it. */
const INTERRUPTED = 128 + constants.signals.SIGINT

/**
 * Runs what a signal does not interrupt but asks to conclude: `stopped` completes, and its own end decides the exit code. A second Ctrl-C
 * ends it at once.
 */
export const runConcluding = <A, E>(main: (stopped: Effect.Effect<void>) => Effect.Effect<A, E>): void => {
  let concluded: Exit.Exit<unknown, unknown> | undefined
  const onInterrupt = atSecondSignal(
    () => performance.now(),
    () => process.exit(INTERRUPTED)
  )
  process.on("SIGINT", onInterrupt)
  const whole = Effect.gen(function* () {
    const stop = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkDetach(main(Deferred.await(stop)), { startImmediately: true })
    const conclude = Effect.gen(function* () {
      yield* Deferred.succeed(stop, undefined)
      concluded = yield* Fiber.await(fiber)
    })
    return yield* Effect.onInterrupt(Fiber.join(fiber), () => conclude)
  })
  NodeRuntime.runMain(whole, {
    teardown: (exit: Exit.Exit<unknown, unknown>, done) => {
      process.off("SIGINT", onInterrupt)
      teardown(concluded ?? exit, done)
    },
    disableErrorReporting: true
  })
}
