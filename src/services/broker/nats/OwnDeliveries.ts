/** The deliveries of what this node has sent, until it comes back from NATS and goes to the node's own subscribers. */
import { Delivery } from "../../hot/Publication.ts"

type Deliveries = ReadonlyArray<Delivery | undefined>

interface Sent {
  readonly channel: string
  readonly deliveries: Deliveries
  /** Whether it comes back. */
  isHeard: boolean
  stands: boolean
}

/** Messages that are waited for. Of more, the oldest were lost on their way back. */
export const MAX_SENT = 100_000

/** Nobody here was there to hear it. */
const completeWithNobody = (delivery: Delivery): void => {
  delivery.expect(1)
  delivery.add(0, 0, 0, Number.NaN, Number.NaN)
}

export class OwnDeliveries {
  #number = 0
  readonly #sent = new Map<number, Sent>()

  constructor(readonly most = MAX_SENT) {}

  get size(): number {
    return this.#sent.size
  }

  /** The number of the next message. */
  next(): number {
    this.#number++
    return this.#number
  }

  /** They wait for the message; where all are undefined, nothing does. @param isHeard whether this node hears the channel */
  expect(number: number, channel: string, deliveries: Deliveries, isHeard: boolean): void {
    if (deliveries.every((delivery) => delivery === undefined)) return
    this.#sent.set(number, { channel, deliveries, isHeard, stands: false })
    const [oldest] = this.#sent
    if (oldest !== undefined && this.#sent.size > this.most) this.#complete(...oldest)
  }

  /** The delivery of one publication of a message that has come. */
  of(number: number, at: number): Delivery {
    const sent = this.#sent.get(number)
    if (sent === undefined) return new Delivery()
    if (at >= sent.deliveries.length - 1) this.#sent.delete(number)
    return sent.deliveries[at] ?? new Delivery()
  }

  /** It was not stored, or nobody knows. */
  withdraw(number: number): void {
    this.#sent.delete(number)
  }

  /** It is stored, or on its way to all who hear it. */
  stands(number: number): void {
    const sent = this.#sent.get(number)
    if (sent === undefined) return
    sent.stands = true
    if (!sent.isHeard) this.#complete(number, sent)
  }

  /** Nothing of the channel is heard any more. */
  leave(channel: string): void {
    for (const [number, sent] of this.#sent) {
      if (sent.channel !== channel) continue
      sent.isHeard = false
      // What is under way may have to be sent again, with another number.
      if (sent.stands) this.#complete(number, sent)
    }
  }

  #complete(number: number, { deliveries }: Sent): void {
    this.#sent.delete(number)
    for (const delivery of deliveries) if (delivery !== undefined) completeWithNobody(delivery)
  }
}
