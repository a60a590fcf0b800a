/** The present for code outside the runtime: Effect's Clock as a plain function. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Whether time is the machine's own, not a test's. */
export const isLive = (clock: Clock.Clock): boolean => clock === Context.get(Context.empty(), Clock.Clock)

/**
 * Milliseconds since the epoch with fractions. On the live clock it never goes back, and costs 30 ns: the load client asks for
 * every message.
 */
export const makeNow: Effect.Effect<() => number> = Clock.clockWith((clock) =>
  Effect.succeed(
    isLive(clock)
      ? () => performance.timeOrigin + performance.now()
      : () => Number(clock.currentTimeNanosUnsafe()) / 1e6
  )
)
