/**
 * Many commands of one request: others have a turn of the event loop between them, the shards among others, which take what was published out of
 * their bounded mailboxes.
 */
import * as Effect from "effect/Effect"

/** Commands that begin in one turn, and the most that are under way at once. */
export const A_TURN = 128

/** The results of all in their order. @param isParallel those of one turn do not wait for each other */
export const inTurns = Effect.fnUntraced(function* <A, B>(
  items: ReadonlyArray<A>,
  run: (item: A) => Effect.Effect<B>,
  isParallel: boolean
) {
  const concurrency = isParallel ? A_TURN : 1
  const results: Array<B> = []
  for (let start = 0; start < items.length; start += A_TURN) {
    if (start > 0) yield* Effect.yieldNow
    results.push(...(yield* Effect.forEach(items.slice(start, start + A_TURN), run, { concurrency })))
  }
  return results
})
