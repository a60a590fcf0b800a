/**
 * In a worker: what its clients publish goes to the primary, which publishes it to the clients of all workers, this one's included.
 *
 * Bounded: the primary says how many it has taken; with too many on the way, further ones are dropped and counted.
 */
import type { FromWorker, Outgoing } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

/** Publications on the way to the primary. */
const MAX_UNDER_WAY = 10_000
/** Bytes of theirs; a single publication may have more. */
const MAX_UNDER_WAY_BYTES = 64 * 1_048_576

export class ClientOutbox {
  /** Dropped since start. */
  dropped = 0
  #underWay = 0
  #bytes = 0
  readonly #outbox: Outbox<Outgoing>

  constructor(send: (message: FromWorker) => void) {
    this.#outbox = new Outbox((publications) => send({ _tag: "Publish", publications }))
  }

  readonly publish = (data: Uint8Array, isBinary: boolean): void => {
    const isFull = this.#underWay > 0 && this.#bytes + data.length > MAX_UNDER_WAY_BYTES
    if (isFull || this.#underWay >= MAX_UNDER_WAY) {
      this.dropped++
      return
    }
    this.#underWay++
    this.#bytes += data.length
    this.#outbox.add({ data, isBinary })
  }

  taken(count: number, bytes: number): void {
    this.#underWay -= count
    this.#bytes -= bytes
  }
}
