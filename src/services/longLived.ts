/** A failed forked fiber is silent in Effect 4: this is how a fiber that should live long is forked instead. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** Forks into the scope; a failure or defect is logged with the fiber's name, an interruption is not. */
export const forkLongLived = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(`${name} ended`, cause)
    ),
    Effect.forkScoped
  )
