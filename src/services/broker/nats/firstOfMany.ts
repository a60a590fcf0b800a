/** Of those who want the same done at a time, the first has it done, and the others have its answer. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Not `sharedByKey`: there an answer has to be of a moment after it was asked for, so who comes later shares the next one. */
export interface Answered<A> {
  readonly answer: A
  readonly isFirst: boolean
}

/** @param fork runs it to its end, though whoever came first waits no more */
export const firstOfMany = <A, E>(
  fork: (effect: Effect.Effect<void>) => unknown
): ((key: string, doing: Effect.Effect<A, E>) => Effect.Effect<Answered<A>, E>) => {
  const underWay = new Map<string, Deferred.Deferred<A, E>>()
  const begin = (key: string, doing: Effect.Effect<A, E>): Deferred.Deferred<A, E> => {
    const own: Deferred.Deferred<A, E> = Deferred.makeUnsafe()
    underWay.set(key, own)
    const done = Effect.sync(() => underWay.delete(key))
    fork(Effect.asVoid(Deferred.into(Effect.ensuring(doing, done), own)))
    return own
  }
  return (key, doing) =>
    Effect.suspend(() => {
      const known = underWay.get(key)
      const isFirst = known === undefined
      return Effect.map(Deferred.await(known ?? begin(key, doing)), (answer) => ({ answer, isFirst }))
    })
}
