/** A clock that goes as the machine's own one does, and that a test sets forward: what lives for a minute ends without a minute's wait. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

const NANOS_IN_MS = 1e6

export class ClockAhead implements Clock.Clock {
  readonly #live = Context.get(Context.empty(), Clock.Clock)
  #aheadMs = 0

  /** Timers that run are not ended by it. */
  pass(ms: number): void {
    this.#aheadMs += ms
  }

  currentTimeMillisUnsafe(): number {
    return this.#live.currentTimeMillisUnsafe() + this.#aheadMs
  }

  currentTimeNanosUnsafe(): bigint {
    return this.#live.currentTimeNanosUnsafe() + BigInt(this.#aheadMs * NANOS_IN_MS)
  }

  monotonicTimeNanosUnsafe(): bigint {
    return this.#live.monotonicTimeNanosUnsafe() + BigInt(this.#aheadMs * NANOS_IN_MS)
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return this.#live.sleep(duration)
  }
}
