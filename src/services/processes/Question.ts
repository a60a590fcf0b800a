/** A question to another process, of which one is under way at a time: who asks meanwhile shares the answer. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class Question<A = void> {
  #answered: Deferred.Deferred<A> | undefined

  /** Completes when the question under way, if any, is answered. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() =>
    this.#answered === undefined ? Effect.void : Effect.asVoid(Deferred.await(this.#answered))
  )

  /** Sends it, unless one is under way. */
  pose(send: () => void): Deferred.Deferred<A> {
    if (this.#answered !== undefined) return this.#answered
    const answered = Deferred.makeUnsafe<A>()
    this.#answered = answered
    send()
    return answered
  }

  /** The same, and completes with the answer. */
  ask(send: () => void): Effect.Effect<A> {
    return Effect.suspend(() => Deferred.await(this.pose(send)))
  }

  /** The answer came, or cannot come any more. */
  settle(answer: A): void {
    const answered = this.#answered
    this.#answered = undefined
    if (answered !== undefined) Deferred.doneUnsafe(answered, Effect.succeed(answer))
  }
}
