/** The present for code outside the runtime: Effect's Clock as a plain function. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Whether time is the machine's own, not a test's. */
export const isLive = (clock: Clock.Clock): boolean => clock === Context.get(Context.empty(), Clock.Clock)

/** Milliseconds of the machine's monotonic clock, the same in all of its processes. */
const monotonic = (): number => Number(process.hrtime.bigint()) / 1e6

/** Readings of two clocks at most, and the time between two readings of one within which the other one's stands for the same moment. */
const MAX_READINGS = 100
const SAME_MOMENT_MS = 0.005

/**
 * How far a clock is before another one, in ms. They cannot be read in the same moment, and a process may have to wait for its turn between:
 * what counts is the reading that took the least time.
 */
export const difference = (clock: () => number, other: () => number): number => {
  let least = Number.POSITIVE_INFINITY
  let found = 0
  for (let i = 0; i < MAX_READINGS && least > SAME_MOMENT_MS; i++) {
    const before = clock()
    const there = other()
    const after = clock()
    if (after - before >= least) continue
    least = after - before
    found = before + least / 2 - there
  }
  return found
}

const ownNow = () => performance.now()

/** Epoch time at the zero of the machine's monotonic clock, in ms, as this process sees it. */
export const epochAtZero = (): number => performance.timeOrigin + difference(ownNow, monotonic)

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
  const origin = taken === undefined ? performance.timeOrigin : taken - difference(ownNow, monotonic)
  return () => origin + performance.now()
})
