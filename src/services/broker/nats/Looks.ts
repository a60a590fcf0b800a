/**
 * Looks in turn whether the log of each channel that this node hears has more than was heard: the last publication may get lost on the way between NATS
 * servers, and nothing follow it. Where more follows, or the connection is renewed, what is missing is read at once without it.
 */
import * as Effect from "effect/Effect"
import type { Ear } from "./Ear.ts"

/** Looks in a second, of all nodes together: each is a question to the server that leads the channel's stream. */
export const LOOKS_OF_ALL = 500
/** And of one node at most. */
export const LOOKS_OF_ONE = 100
/** No channel is looked at again before. */
export const LOOK_AGAIN_MS = 10_000

const PAUSE = "1 second"

export class Looks {
  #round: Iterator<Ear> | undefined
  #nextRound = 0

  /**
   * @param ears all of them, at the time of the call
   * @param nodes of the cluster
   * @param now milliseconds
   */
  constructor(
    readonly ears: () => Iterator<Ear>,
    readonly look: (ear: Ear) => Effect.Effect<void>,
    readonly nodes: () => number,
    readonly now: () => number,
    readonly againMs = LOOK_AGAIN_MS
  ) {}

  readonly run: Effect.Effect<never> = Effect.forever(
    Effect.andThen(
      Effect.sleep(PAUSE),
      Effect.suspend(() => Effect.forEach(this.#nextFew(), this.look, { discard: true }))
    )
  )

  #nextFew(): ReadonlyArray<Ear> {
    const found: Array<Ear> = []
    const most = Math.min(LOOKS_OF_ONE, Math.max(1, Math.floor(LOOKS_OF_ALL / this.nodes())))
    while (found.length < most) {
      const ear = this.#next()
      if (ear === undefined) break
      if (ear.heard !== undefined) found.push(ear)
    }
    return found
  }

  #next(): Ear | undefined {
    if (this.#round === undefined) {
      if (this.now() < this.#nextRound) return undefined
      this.#round = this.ears()
      this.#nextRound = this.now() + this.againMs
    }
    const next = this.#round.next()
    if (next.done !== true) return next.value
    this.#round = undefined
    return undefined
  }
}
