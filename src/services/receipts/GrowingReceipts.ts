/** The receipts in memory: those under way, and those that clients may still acknowledge. What is to be kept of them is handed to the writer. */
import type { AckDesk } from "./AckDesk.ts"
import { MAX_ACKNOWLEDGEABLE } from "./AckDesk.ts"
import { GrowingReceipt, type ReceiptKeeper } from "./GrowingReceipt.ts"
import type { Earlier, ReceiptSubject } from "./Receipts.ts"
import type { ReceiptWriter } from "./ReceiptWriter.ts"

/** Time for workers to tell the acknowledgements that came in time. */
const ACK_GRACE_MS = 2000

export class GrowingReceipts implements ReceiptKeeper {
  /** Connections that acknowledged a receipt, since start. */
  acked = 0
  /** Another number after each change of any of them. */
  version = 0
  /** Receipts that are final, since start. */
  readonly counts = { broadcast: 0, schedule: 0 }
  /** Nothing of them is published yet. Bounded, as the next, by what may be under way. */
  readonly #fresh = new Map<string, GrowingReceipt>()
  readonly #open = new Map<string, GrowingReceipt>()
  /** Final but for acknowledgements. */
  readonly #awaiting = new Map<string, GrowingReceipt>()

  /**
   * @param acknowledgeWithinMs undefined: nobody may acknowledge
   * @param desk where clients of this process do so
   * @param onCompleted told of each receipt that is final
   */
  constructor(
    readonly writer: ReceiptWriter,
    readonly now: () => number,
    readonly acknowledgeWithinMs: number | undefined,
    readonly desk: AckDesk | undefined,
    readonly onCompleted: (receipt: GrowingReceipt) => void
  ) {}

  /** Those under way. */
  get size(): number {
    return this.#fresh.size + this.#open.size
  }

  get(id: string): GrowingReceipt | undefined {
    return this.#open.get(id) ?? this.#awaiting.get(id) ?? this.writer.waiting.get(id) ?? this.#fresh.get(id)
  }

  /** All that `get` finds, by id. */
  get all(): ReadonlyMap<string, GrowingReceipt> {
    return new Map([...this.#fresh, ...this.writer.waiting, ...this.#awaiting, ...this.#open])
  }

  /** Those of which the store does not know the last. */
  get unfinished(): ReadonlyArray<GrowingReceipt> {
    return [...this.#open.values(), ...[...this.#awaiting.values()].filter(({ hasNews }) => hasNews)]
  }

  open(subject: ReceiptSubject, lost: number, earlier?: Earlier): GrowingReceipt {
    const at = this.now()
    const until = this.acknowledgeWithinMs === undefined ? undefined : at + this.acknowledgeWithinMs
    const receipt = new GrowingReceipt(subject, at, lost, until, this, earlier)
    this.#fresh.set(subject.id, receipt)
    return receipt
  }

  readonly begun = (receipt: GrowingReceipt): void => {
    const { id, acknowledgeUntil } = receipt
    this.version++
    remove(this.#fresh, receipt)
    this.#awaiting.delete(id)
    this.#open.set(id, receipt)
    if (acknowledgeUntil !== undefined) this.desk?.open(id, acknowledgeUntil)
    this.writer.add(receipt)
  }

  readonly completed = (receipt: GrowingReceipt): void => {
    const isCurrent = remove(this.#open, receipt)
    this.version++
    this.counts[receipt.subject.kind]++
    this.onCompleted(receipt)
    // Another one has taken its place.
    if (!isCurrent) return
    this.writer.add(receipt)
    if (receipt.acknowledgeUntil !== undefined) this.#await(receipt)
  }

  readonly vanished = (receipt: GrowingReceipt): void => {
    remove(this.#fresh, receipt)
  }

  acknowledged(id: string, connections: number): void {
    const receipt = this.#open.get(id) ?? this.#awaiting.get(id)
    if (receipt === undefined) return
    this.version++
    receipt.acked += connections
    this.acked += connections
  }

  /** Takes no more acknowledgements for receipts whose time is over. */
  expire(): void {
    const before = this.now() - ACK_GRACE_MS
    for (const receipt of this.#awaiting.values())
      if (receipt.acknowledgeUntil! <= before) this.#finish(receipt)
  }

  #await(receipt: GrowingReceipt): void {
    this.#awaiting.set(receipt.id, receipt)
    if (this.#awaiting.size <= MAX_ACKNOWLEDGEABLE) return
    const [oldest] = this.#awaiting.values()
    this.#finish(oldest!)
  }

  #finish(receipt: GrowingReceipt): void {
    this.#awaiting.delete(receipt.id)
    if (receipt.hasNews) this.writer.add(receipt)
  }
}

/** Unless another one took its place; whether none did. */
const remove = (receipts: Map<string, GrowingReceipt>, receipt: GrowingReceipt): boolean =>
  receipts.get(receipt.id) === receipt && receipts.delete(receipt.id)
