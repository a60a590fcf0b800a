/** In a worker: asks the primary whether an address has room for one more connection, as only the primary knows those of all workers. */
import { type Refusal, TOO_MANY } from "../hot/Admission.ts"
import type { ConnectRequest, Decision } from "../Transport.ts"
import type { AddressEvent, FromWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

const ADMITTED: Decision = { attachment: undefined }
const FULL: Decision = { refusal: TOO_MANY }
const PENDING: Decision = {
  refusal: {
    status: 503,
    reason: "pending",
    message: "too many handshakes are being decided",
    retryAfterSeconds: 1
  } satisfies Refusal
}

export class AddressAsker {
  readonly #pending = new Map<number, (decision: Decision) => void>()
  #next = 0
  readonly #outbox: Outbox<AddressEvent>

  /** @param maxPending handshakes that may wait for the primary */
  constructor(
    readonly maxPending: number,
    send: (message: FromWorker) => void
  ) {
    this.#outbox = new Outbox((events) => send({ _tag: "Addresses", events }))
  }

  readonly decide = ({ address }: ConnectRequest): Promise<Decision> => {
    const id = this.#next++
    this.#outbox.add({ address, id })
    if (this.#pending.size >= this.maxPending) return Promise.resolve(PENDING)
    return new Promise((resolve) => this.#pending.set(id, resolve))
  }

  /** The connection, or the handshake that did not become one, is gone. To be called once for each `decide`. */
  readonly went = (address: string): void => this.#outbox.add({ address, id: null })

  decided(answers: ReadonlyArray<{ readonly id: number; readonly hasRoom: boolean }>): void {
    for (const { id, hasRoom } of answers) {
      this.#pending.get(id)?.(hasRoom ? ADMITTED : FULL)
      this.#pending.delete(id)
    }
  }
}
