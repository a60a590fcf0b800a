/** The present for code outside the runtime: Effect's Clock as a plain function. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Whether time is the machine's own, not a test's. */
export const isLive = (clock: Clock.Clock): boolean => clock === Context.get(Context.empty(), Clock.Clock)

/** Milliseconds of the machine's monotonic clock, the same in all of its processes. */
const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

/** Epoch time at the zero of the machine's monotonic clock, in ms, as this process sees it. */
export const epochAtZero = (): number => performance.timeOrigin + performance.now() - monotonic()

/**
 * Epoch time at the monotonic zero that this process takes over from another one, so that their times compare even when
 * the machine's clock was set between their starts. Undefined: its own.
 */
export const EpochAtZero = Context.Reference<number | undefined>("clarion/services/EpochAtZero", {
  defaultValue: () => undefined
})

/**
 * Milliseconds since the epoch with fractions. On the live clock it never goes back, and costs 30 ns: the load client asks for
 * every message.
 */
export const makeNow: Effect.Effect<() => number> = Effect.gen(function* () {
  const clock = yield* Clock.clockWith(Effect.succeed)
  if (!isLive(clock)) return () => Number(clock.currentTimeNanosUnsafe()) / 1e6
  const taken = yield* EpochAtZero
  const origin = taken === undefined ? performance.timeOrigin : taken + monotonic() - performance.now()
  return () => origin + performance.now()
})
