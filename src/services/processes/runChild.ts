/**
 * Runs a child process of ours to its end.
 *
 * Signals that end programs in order are not for it: a terminal sends them to the whole group, and its parent, which got them too,
 * decides what happens. It ends when its work has ended.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"

const ignore = () => {}

export const runChild = <E>(work: Effect.Effect<void, E>): void => {
  process.on("SIGINT", ignore)
  process.on("SIGTERM", ignore)
  Effect.runFork(work).addObserver((exit) => {
    // An expected failure was told to the parent, where there is one; a bug is nobody's but this process's to tell.
    if (Exit.isFailure(exit) && (process.send === undefined || Cause.hasDies(exit.cause)))
      process.stderr.write(`${Cause.pretty(exit.cause)}\n`)
    // Whatever is still open must not keep it alive.
    Runtime.defaultTeardown(exit, (code) => process.exit(code))
  })
}
