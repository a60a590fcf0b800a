/**
 * What became in this node of publications that are parts of receipts of other nodes: added up for each receipt, until its node asks.
 *
 * Bounded: of too many that nobody has asked for the oldest are forgotten.
 */
import * as Effect from "effect/Effect"
import { Delivery, type DeliveryReceipt } from "../hot/Publication.ts"
import type { Destination } from "./destinations.ts"
import type { Part } from "./messages.ts"

/** Receipts that nobody has asked for so far. */
export const MAX_FOREIGN = 10_000

/** Publications of a receipt that go to one destination. */
interface Came {
  arrived: number
  /** Of these, how many are done. */
  done: number
}

type Counts = Omit<Part, "worker">

const earlier = (a: number, b: number): number => (Number.isNaN(a) || b < a ? b : a)
const later = (a: number, b: number): number => (Number.isNaN(a) || b > a ? b : a)

const NOTHING: Counts = {
  eligible: 0,
  written: 0,
  slow: 0,
  mailbox: 0,
  firstWriteAt: Number.NaN,
  lastWriteAt: Number.NaN
}

const sumOf = (a: Counts, b: Counts): Counts => ({
  eligible: a.eligible + b.eligible,
  written: a.written + b.written,
  slow: a.slow + b.slow,
  mailbox: a.mailbox + b.mailbox,
  firstWriteAt: earlier(a.firstWriteAt, b.firstWriteAt),
  lastWriteAt: later(a.lastWriteAt, b.lastWriteAt)
})

/** A receipt of another node, as far as it has come here. */
class ForeignReceipt implements DeliveryReceipt {
  readonly came = new Map<Destination, Came>()
  /** By the worker; "" where this process serves. */
  readonly parts = new Map<string, Counts>()
  /** Told of each publication that is done, and how many there are of it. */
  readonly waiting = new Set<(destination: Destination, done: number) => void>()

  acknowledgeUntil: number | undefined

  constructor(readonly id: string) {}

  at(destination: Destination): Came {
    let came = this.came.get(destination)
    if (came === undefined) {
      came = { arrived: 0, done: 0 }
      this.came.set(destination, came)
    }
    return came
  }

  take(delivery: Delivery, destination: Destination): void {
    const came = this.at(destination)
    came.done++
    if (delivery.workers.length === 0) this.#add("", delivery)
    else for (const part of delivery.workers) this.#add(part.worker, part)
    for (const told of [...this.waiting]) told(destination, came.done)
  }

  #add(worker: string, counts: Counts): void {
    this.parts.set(worker, sumOf(this.parts.get(worker) ?? NOTHING, counts))
  }
}

class ForeignDelivery extends Delivery {
  constructor(
    readonly foreign: ForeignReceipt,
    readonly destination: Destination
  ) {
    super()
  }

  override get receipt(): DeliveryReceipt {
    return this.foreign
  }

  protected override complete(): void {
    super.complete()
    this.foreign.take(this, this.destination)
  }
}

export class ForeignReceipts {
  /** Oldest first, by node and id. */
  readonly #receipts = new Map<string, ForeignReceipt>()

  constructor(readonly max = MAX_FOREIGN) {}

  get size(): number {
    return this.#receipts.size
  }

  /** For one publication of a receipt of that node, which goes to a channel, or to everyone. */
  delivery({ id, acknowledgeUntil }: DeliveryReceipt, node: string, destination: Destination): Delivery {
    const receipt = this.#open(node, id)
    receipt.acknowledgeUntil = acknowledgeUntil
    receipt.at(destination).arrived++
    return new ForeignDelivery(receipt, destination)
  }

  /**
   * What became of so many publications in each of these, when they are all done; it is not kept any longer. Those of a destination that
   * nobody here hears, and that have not come, are nothing.
   * @param isHeard asked now: what was published before has come, or is on its way, where it says so
   */
  readonly outcome = (
    node: string,
    id: string,
    published: ReadonlyArray<readonly [Destination, number]>,
    isHeard: (destination: Destination) => boolean
  ): Effect.Effect<ReadonlyArray<Part>> =>
    Effect.suspend(() => {
      const receipt = this.#receipts.get(keyOf(node, id))
      const awaited = published.filter(
        ([destination]) => receipt?.came.has(destination) === true || isHeard(destination)
      )
      if (awaited.length === 0) return Effect.succeed([])
      const open = receipt ?? this.#open(node, id)
      return Effect.as(untilDone(open, awaited), open).pipe(
        Effect.map(({ parts }) => [...parts].map(([worker, counts]) => ({ worker, ...counts }))),
        Effect.ensuring(Effect.sync(() => this.#forget(node, open)))
      )
    })

  #open(node: string, id: string): ForeignReceipt {
    const key = keyOf(node, id)
    const known = this.#receipts.get(key)
    if (known !== undefined) return known
    const receipt = new ForeignReceipt(id)
    this.#receipts.set(key, receipt)
    if (this.#receipts.size > this.max) {
      const [oldest] = this.#receipts.keys()
      this.#receipts.delete(oldest!)
    }
    return receipt
  }

  #forget(node: string, receipt: ForeignReceipt): void {
    const key = keyOf(node, receipt.id)
    if (this.#receipts.get(key) === receipt) this.#receipts.delete(key)
  }
}

const keyOf = (node: string, id: string): string => `${node} ${id}`

/** What is owed is counted once, and then down: there may be very many destinations. */
const untilDone = (
  receipt: ForeignReceipt,
  published: ReadonlyArray<readonly [Destination, number]>
): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const owed = new Map(
      published.filter(([destination, count]) => (receipt.came.get(destination)?.done ?? 0) < count)
    )
    if (owed.size === 0) return resume(Effect.void)
    const told = (destination: Destination, done: number) => {
      if (done < (owed.get(destination) ?? Number.POSITIVE_INFINITY)) return
      owed.delete(destination)
      if (owed.size === 0) resume(Effect.void)
    }
    receipt.waiting.add(told)
    return Effect.sync(() => void receipt.waiting.delete(told))
  })
