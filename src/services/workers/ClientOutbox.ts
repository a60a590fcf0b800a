/**
 * In a worker: what its clients publish goes to the primary, which publishes it to the clients of all workers, this one's included.
 *
 * Bounded: the primary says how many it has taken; with too many on the way, further ones are dropped and counted.
 */
import type { FromWorker, Outgoing } from "./messages.ts"
import { TakenOutbox } from "./TakenOutbox.ts"

/** Publications on the way to the primary. */
const MAX_UNDER_WAY = 10_000
/** Bytes of theirs; a single publication may have more. */
const MAX_UNDER_WAY_BYTES = 64 * 1_048_576

export class ClientOutbox extends TakenOutbox<Outgoing> {
  constructor(send: (message: FromWorker) => void) {
    super({
      send: (publications) => send({ _tag: "Publish", publications }),
      sizeOf: ({ data }) => data.length,
      max: MAX_UNDER_WAY,
      maxBytes: MAX_UNDER_WAY_BYTES
    })
  }

  readonly publish = (data: Uint8Array, isBinary: boolean): void => this.add({ data, isBinary })
}
