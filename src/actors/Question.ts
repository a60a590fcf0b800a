/** A question to another process, of which one is under way at a time: who asks meanwhile shares the answer. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

export class Question {
  #answered: Deferred.Deferred<void> | undefined

  get isOpen(): boolean {
    return this.#answered !== undefined
  }

  /** Completes when the question under way, if any, is answered. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() =>
    this.#answered === undefined ? Effect.void : Deferred.await(this.#answered)
  )

  /** Sends it, unless one is under way. */
  pose(send: () => void): void {
    if (this.#answered !== undefined) return
    this.#answered = Deferred.makeUnsafe()
    send()
  }

  /** The same, and completes with the answer. */
  ask(send: () => void): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.pose(send)
      return this.settled
    })
  }

  /** The answer came, or cannot come any more. */
  settle(): void {
    const answered = this.#answered
    this.#answered = undefined
    if (answered !== undefined) Deferred.doneUnsafe(answered, Effect.void)
  }
}
