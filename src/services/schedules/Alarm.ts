/**
 * Sleep until a time, unless something sooner turns up.
 *
 * Who tells the timer of schedules, and when: whoever has committed a schedule that waits for a due time, its `fireAt`; the end of a run, that
 * there is room for another batch where there was none; and what had to wait for its turn and could not be marked then, that it is due still.
 */
import * as Effect from "effect/Effect"

/** Tells that there may be something that is due already. */
export const LOOK_NOW = Number.NEGATIVE_INFINITY

export class Alarm {
  /** The soonest that was told since `arm`. */
  #soonest = Number.POSITIVE_INFINITY
  #until = Number.NEGATIVE_INFINITY
  #wake: (() => void) | undefined

  /** Before looking for what is due: what is told from now on counts for the next sleep. */
  arm(): void {
    this.#soonest = Number.POSITIVE_INFINITY
  }

  /** Something is due at `at`. To be called when a look would find it. */
  tell(at: number): void {
    if (at < this.#soonest) this.#soonest = at
    if (at < this.#until) this.#wake?.()
  }

  /**
   * Sleeps until `at`, or until something is told that is due before.
   * @param at,now milliseconds since the epoch
   */
  sleep(at: number, now: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#soonest < at || at <= now) return Effect.yieldNow
      this.#until = at
      const woken = Effect.callback<void>((resume) => {
        // It may have been told before anybody was there to be woken.
        if (this.#soonest < at) return resume(Effect.void)
        this.#wake = () => resume(Effect.void)
      })
      return Effect.timeoutOption(woken, at - now).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            this.#until = Number.NEGATIVE_INFINITY
            this.#wake = undefined
          })
        )
      )
    })
  }
}
