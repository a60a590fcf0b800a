/**
 * What keeps a channel of the dashboard current: while somebody listens, it reads a state now and then, and publishes it.
 *
 * Guarantees: without a listener nothing is read, and no timer runs. A state that cannot be read or published is logged, whatever the reason,
 * and the next one is tried in its time.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { makeFailureLog } from "../failureLog.ts"
import type { Pace } from "./Pace.ts"

export interface FeedSource {
  readonly channel: string
  /** From the beginning of one turn to the next, if there is time for it. */
  readonly everyMs: number
  /** Has others tell what they know: time that is not ours. */
  readonly ask?: Effect.Effect<void>
  /** The state as JSON text, made without waiting for others. */
  readonly read: Effect.Effect<string, Error>
  /** Another value after each change; then nothing is read without one, unless the listeners are new. Absent: it changes all the time. */
  readonly version?: () => unknown
}

/** Takes the JSON text of a state. */
export type PublishState = (channel: string, state: string) => Effect.Effect<void, Error>

export class Feed {
  readonly #isWanted = Latch.makeUnsafe()
  readonly #failed: (detail: string) => Effect.Effect<void>
  /** Of the state that the present listeners have. */
  #version: unknown

  constructor(
    readonly source: FeedSource,
    readonly publish: PublishState,
    readonly pace: Pace
  ) {
    this.#failed = makeFailureLog(`${source.channel} is not told`)
  }

  /** The first listener has come, or the last has left. */
  wanted(isWanted: boolean): void {
    this.#version = undefined
    if (isWanted) this.#isWanted.openUnsafe()
    else this.#isWanted.closeUnsafe()
  }

  /** Never ends. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const { pace, source } = this
    while (true) {
      yield* this.#isWanted.await
      const next = pace.now() + source.everyMs
      yield* Effect.catchCause(this.#turn, (cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.interrupt : this.#failed(String(Cause.squash(cause)))
      )
      yield* Effect.sleep(Math.max(0, next - pace.now()))
    }
  })

  readonly #turn: Effect.Effect<void, Error> = Effect.gen({ self: this }, function* () {
    const { ask, read, version, channel } = this.source
    if (ask !== undefined) yield* ask
    const present = version?.()
    if (version !== undefined && present === this.#version) return
    const state = yield* this.pace.run(Effect.suspend(() => (this.#isWanted.isOpen() ? read : NOTHING)))
    if (state === undefined) return
    yield* this.publish(channel, state)
    this.#version = present
  })
}

const NOTHING = Effect.succeed(undefined)
