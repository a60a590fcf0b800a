/** The deliveries of what this node has sent, until it comes back from NATS and goes to the node's own subscribers. */
import { Delivery } from "../../hot/Publication.ts"

type Deliveries = ReadonlyArray<Delivery | undefined>

interface Sent {
  readonly channel: string
  readonly deliveries: Deliveries
}

/** Nobody here was there to hear it. */
const completeWithNobody = (delivery: Delivery): void => {
  delivery.expect(1)
  delivery.add(0, 0, 0, Number.NaN, Number.NaN)
}

export class OwnDeliveries {
  #number = 0
  readonly #sent = new Map<number, Sent>()

  get size(): number {
    return this.#sent.size
  }

  /**
   * The number of the next message.
   */
  next(): number {
    this.#number++
    return this.#number
  }

  /** They wait for the message; where all are undefined, nothing does. */
  expect(number: number, channel: string, deliveries: Deliveries): void {
    if (deliveries.some((delivery) => delivery !== undefined)) this.#sent.set(number, { channel, deliveries })
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

  /** It was sent, and does not come back. */
  complete(number: number): void {
    const sent = this.#sent.get(number)
    if (sent === undefined) return
    this.#sent.delete(number)
    for (const delivery of sent.deliveries) if (delivery !== undefined) completeWithNobody(delivery)
  }

  /** Nothing of the channel is heard any more. */
  leave(channel: string): void {
    for (const [number, sent] of this.#sent) if (sent.channel === channel) this.complete(number)
  }
}
