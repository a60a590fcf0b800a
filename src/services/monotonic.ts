/** Effect's monotonic clock as a plain function: for times that are only compared in this process. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Milliseconds, with fractions. */
export const makeMonotonic: Effect.Effect<() => number> = Effect.map(
  Clock.clockWith(Effect.succeed),
  (clock) => () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
)
