/** From an Effect to the answer of a plain HTTP handler. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { BROKEN } from "./httpReply.ts"
import type { PlainAnswer } from "./Transport.ts"

export type RunAnswer = (answer: Effect.Effect<PlainAnswer>) => PlainAnswer | Promise<PlainAnswer>

/** Runs answers. One that waits for nobody is there at once, without a promise; a bug is logged, and answered with 500. */
export const makeRunAnswer: Effect.Effect<RunAnswer> = Effect.map(Effect.context<never>(), (context) => {
  const fork = Effect.runForkWith(context)
  const finished = (exit: Exit.Exit<PlainAnswer>): PlainAnswer => {
    if (Exit.isSuccess(exit)) return exit.value
    fork(Effect.logError("a request could not be answered", Cause.pretty(exit.cause)))
    return BROKEN
  }
  return (answer) => {
    const fiber = fork(answer)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return finished(exit)
    return new Promise((resolve) => fiber.addObserver((late) => resolve(finished(late))))
  }
})
