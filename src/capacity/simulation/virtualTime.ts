/** Runs what waits by Effect's Clock without waiting. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"

/**
 * The same for the same seed: all chance is the fiber's, and fibers wake in the order of their times.
 *
 * @param horizonMs virtual time that passes; what takes longer never completes, so it has to end by itself
 */
export const inVirtualTime = <A, E>(
  run: Effect.Effect<A, E>,
  horizonMs: number,
  seed: number
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(run)
    yield* TestClock.adjust(horizonMs)
    return yield* Fiber.join(fiber)
  }).pipe(Random.withSeed(seed), Effect.provide(TestClock.layer()))
