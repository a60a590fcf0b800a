/**
 * In a worker: an Outbox to the primary, which says how much it has taken.
 *
 * Bounded: with too much on the way, what comes further is dropped and counted.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { Outbox } from "./Outbox.ts"

export interface TakenOutboxOptions<A> {
  readonly send: (items: ReadonlyArray<A>) => void
  /** Bytes of one. */
  readonly sizeOf: (item: A) => number
  /** On the way at most. */
  readonly max: number
  /** Bytes of theirs; a single one may have more. */
  readonly maxBytes: number
}

export class TakenOutbox<A> {
  /** Since start. */
  dropped = 0
  #underWay = 0
  #bytes = 0
  #empty: Deferred.Deferred<void> | undefined
  readonly #outbox: Outbox<A>

  constructor(readonly options: TakenOutboxOptions<A>) {
    this.#outbox = new Outbox(options.send)
  }

  add(item: A): void {
    const { sizeOf, max, maxBytes } = this.options
    const bytes = sizeOf(item)
    const isFull = this.#underWay >= max || (this.#underWay > 0 && this.#bytes + bytes > maxBytes)
    if (isFull) {
      this.dropped++
      return
    }
    this.#underWay++
    this.#bytes += bytes
    this.#outbox.add(item)
  }

  /** So many of them, and bytes of theirs, were taken. */
  taken(count: number, bytes: number): void {
    this.#underWay -= count
    this.#bytes -= bytes
    if (this.#underWay > 0 || this.#empty === undefined) return
    Deferred.doneUnsafe(this.#empty, Effect.void)
    this.#empty = undefined
  }

  /** Completes when nothing is on the way. */
  readonly settled: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#underWay === 0) return Effect.void
    this.#empty ??= Deferred.makeUnsafe()
    return Deferred.await(this.#empty)
  })
}
