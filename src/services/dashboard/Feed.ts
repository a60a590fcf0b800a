/**
 * What keeps a channel of the dashboard current: while somebody listens, it reads a state now and then, and publishes it.
 *
 * Guarantees: without a listener nothing is read, and no timer runs. A state that cannot be read or published, or not in `TURN_TIMEOUT`, is
 * logged, whatever the reason, and the next one is tried in its time. Who comes later than others gets what they have.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { OWN_OPTIONS } from "../channels/ownChannels.ts"
import { makeFailureLog } from "../failureLog.ts"
import type { Pace } from "../Pace.ts"

export interface FeedSource {
  readonly channel: string
  /** From the beginning of one turn to the next, if there is time for it; more seldom where too many nodes would be asked. */
  readonly everyMs: number
  /** Answers that a turn has each other node of the cluster give. */
  readonly answersOfNodes?: number
  /** Has others tell what they know: time that is not ours. */
  readonly ask?: Effect.Effect<void>
  /** Reads what has to be waited for. What it gives makes the state of that, as JSON text, at once. */
  readonly read: Effect.Effect<() => string, Error>
  /**
   * Another value after each change; then nothing is read without one, unless the listeners are new, or what is kept for those who come later
   * would soon be gone. Absent: it changes all the time.
   */
  readonly version?: () => unknown
}

/** A state that does not change is published again after so long: half of the time for which it is kept. */
export const REFRESH_MS = Duration.toMillis(OWN_OPTIONS.historyTtl) / 2
/** Time for one state, from asking to publishing. */
const TURN_TIMEOUT = "1 minute"

/** Answers of other nodes for one source in a second, on average: where there are very many nodes its turns come more seldom. */
export const MAX_ANSWERS = 200

/** From the beginning of one turn to the next. */
const turnMs = ({ everyMs, answersOfNodes = 0 }: FeedSource, others: number): number =>
  Math.max(everyMs, (1000 * answersOfNodes * others) / MAX_ANSWERS)

/** Takes the JSON text of a state. */
export type PublishState = (channel: string, state: string) => Effect.Effect<void, Error>

export class Feed {
  readonly #isWanted = Latch.makeUnsafe()
  readonly #failed: (detail: string) => Effect.Effect<void>
  /** Of the state that the present listeners have, and when they got it. */
  #version: unknown
  #publishedAt = Number.NEGATIVE_INFINITY

  /** @param others how many other nodes there are */
  constructor(
    readonly source: FeedSource,
    readonly publish: PublishState,
    readonly pace: Pace,
    readonly others: () => number
  ) {
    this.#failed = makeFailureLog(`${source.channel} is not told`)
  }

  /** The first listener has come, or the last has left. */
  wanted(isWanted: boolean): void {
    this.#publishedAt = Number.NEGATIVE_INFINITY
    if (isWanted) this.#isWanted.openUnsafe()
    else this.#isWanted.closeUnsafe()
  }

  /** Never ends. */
  readonly run: Effect.Effect<never> = Effect.gen({ self: this }, function* () {
    const { pace, source } = this
    while (true) {
      yield* this.#isWanted.await
      const next = pace.now() + turnMs(source, this.others())
      yield* Effect.catchCause(Effect.timeout(this.#turn, TURN_TIMEOUT), (cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.interrupt : this.#failed(String(Cause.squash(cause)))
      )
      yield* Effect.sleep(Math.max(0, next - pace.now()))
    }
  })

  readonly #turn: Effect.Effect<void, Error> = Effect.gen({ self: this }, function* () {
    const { ask, read, version, channel } = this.source
    if (ask !== undefined) yield* ask
    const present = version?.()
    if (version !== undefined && this.#isCurrent(present)) return
    if (!this.#isWanted.isOpen()) return
    const write = yield* read
    const state = yield* this.pace.run(() => (this.#isWanted.isOpen() ? write() : undefined))
    if (state === undefined) return
    yield* this.publish(channel, state)
    this.#version = present
    this.#publishedAt = this.pace.now()
  })

  #isCurrent(version: unknown): boolean {
    return version === this.#version && this.pace.now() - this.#publishedAt < REFRESH_MS
  }
}
