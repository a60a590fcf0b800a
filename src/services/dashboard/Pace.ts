/**
 * Holds work to a share of the time: after each piece, nothing for so many times what it took. Who waits has its turn in the order of asking.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/** Of a pause, in what the work before it took: it is 1 % of the time. */
export const PAUSE_FACTOR = 99

export class Pace {
  /** Done when everyone who has asked so far has had its turn. */
  #turns = Deferred.makeUnsafe<void>()
  #freeAt = Number.NEGATIVE_INFINITY

  /** @param now milliseconds, with fractions */
  constructor(readonly now: () => number) {
    Deferred.doneUnsafe(this.#turns, Effect.void)
  }

  /** Does the work when its turn has come. All of the time from its beginning to its end counts. */
  readonly run = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const before = this.#turns
      const mine = Deferred.makeUnsafe<void>()
      this.#turns = mine
      const pause = Effect.suspend(() => Effect.sleep(Math.max(0, this.#freeAt - this.now())))
      return Deferred.await(before).pipe(
        Effect.andThen(pause),
        Effect.andThen(this.#timed(work)),
        Effect.ensuring(Deferred.succeed(mine, undefined))
      )
    })

  #timed<A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const began = this.now()
      const note = Effect.sync(() => {
        const ended = this.now()
        this.#freeAt = ended + PAUSE_FACTOR * (ended - began)
      })
      return Effect.ensuring(work, note)
    })
  }
}
