/** A receipt in memory: what its deliveries have added up so far, and what clients have acknowledged. */
import { Delivery, type WorkerDelivery } from "../hot/Publication.ts"
import type { Earlier, OpenReceipt, Receipt, ReceiptSubject, WorkerReceipt, WriteTimes } from "./Receipts.ts"

/** Names of channels that a receipt keeps; of further ones, their number. */
export const CHANNELS_KEPT = 100

/** What is told of a receipt while it grows. */
export interface ReceiptKeeper {
  /** The first of its publications is on its way. */
  readonly begun: (receipt: GrowingReceipt) => void
  /** All deliveries are complete; counts do not change any more, but for acknowledgements. */
  readonly completed: (receipt: GrowingReceipt) => void
  /** Nothing of it was published, and nothing will be. */
  readonly vanished: (receipt: GrowingReceipt) => void
}

/** The delivery of one of the publications of a receipt. */
class ReceiptDelivery extends Delivery {
  constructor(readonly growing: GrowingReceipt) {
    super()
  }

  override get receipt(): GrowingReceipt {
    return this.growing
  }

  override expect(parts: number): void {
    this.growing.takeUp(this)
    super.expect(parts)
  }

  protected override complete(): void {
    super.complete()
    this.growing.take(this)
  }
}

/** A sum over deliveries. */
class Sum {
  eligible = 0
  written = 0
  slow = 0
  mailbox = 0
  firstWriteAt = Number.NaN
  lastWriteAt = Number.NaN

  add(part: Omit<WorkerDelivery, "worker">): void {
    this.eligible += part.eligible
    this.written += part.written
    this.slow += part.slow
    this.mailbox += part.mailbox
    // NaN where nothing was written: it is no bound.
    if (!(part.firstWriteAt >= this.firstWriteAt) && !Number.isNaN(part.firstWriteAt))
      this.firstWriteAt = part.firstWriteAt
    if (!(part.lastWriteAt <= this.lastWriteAt) && !Number.isNaN(part.lastWriteAt))
      this.lastWriteAt = part.lastWriteAt
  }
}

/** Over one or several deliveries, and over each worker. */
class Sums {
  readonly all = new Sum()
  readonly workers = new Map<string, Sum>()

  add(delivery: Delivery): void {
    this.all.add(delivery)
    for (const part of delivery.workers) this.#addWorker(part.worker, part)
  }

  /** One that was written; its counts add up, and so do its parts. */
  addReceipt(receipt: Receipt): void {
    this.all.add(partOf(receipt))
    for (const part of receipt.workers) this.#addWorker(part.worker, partOf(part))
  }

  addSums({ all, workers }: Sums): void {
    this.all.add(all)
    for (const [worker, sum] of workers) this.#addWorker(worker, sum)
  }

  #addWorker(worker: string, part: Omit<WorkerDelivery, "worker">): void {
    let sum = this.workers.get(worker)
    if (sum === undefined) {
      sum = new Sum()
      this.workers.set(worker, sum)
    }
    sum.add(part)
  }
}

export class GrowingReceipt implements OpenReceipt {
  /** Connections that acknowledged it, and how many of them are written or wait to be. */
  acked: number
  #ackedKept: number
  /** Counts what is to be written: it has changed since, when this has. */
  #version = 0
  /** An earlier life of it may stand in the store, until it was written once. */
  isWritten = false
  /** It grows no more, but for acknowledgements. */
  isComplete = false
  #hasBegun = false
  #isSealed = false
  #done: ((receipt: Receipt) => void) | undefined
  readonly #sums = new Sums()
  /** Handed out, and not taken up so far. */
  readonly #waiting = new Set<Delivery>()
  readonly #underWay = new Set<Delivery>()
  readonly #missing: Set<string>
  readonly publishedAt: number
  readonly lost: number
  /** Nothing of what was published is missing. */
  #isWhole: boolean

  /**
   * @param openedAt milliseconds since the epoch, with fractions
   * @param acknowledgeUntil until when clients may acknowledge it; undefined: they may not
   */
  constructor(
    readonly subject: ReceiptSubject,
    openedAt: number,
    lost: number,
    readonly acknowledgeUntil: number | undefined,
    readonly keeper: ReceiptKeeper,
    readonly earlier?: Earlier
  ) {
    const known = earlier?.receipt
    this.publishedAt = known?.publishedAt ?? openedAt
    this.lost = lost + (known?.lost ?? 0)
    this.acked = known?.acked ?? 0
    this.#ackedKept = this.acked
    this.#isWhole = known?.isComplete ?? true
    this.#missing = new Set(known?.missing)
    if (known !== undefined) this.#sums.addReceipt(known)
  }

  get id(): string {
    return this.subject.id
  }

  get version(): number {
    return this.#version
  }

  /** It is to be written as it is now. */
  changed(): void {
    this.#version++
    this.#ackedKept = this.acked
  }

  /** More was acknowledged than is written. */
  get hasNews(): boolean {
    return this.acked !== this.#ackedKept
  }

  /** Of the deliveries that are complete. */
  get times(): WriteTimes {
    return writeTimes(this.#sums.all, this.publishedAt)
  }

  get isEmpty(): boolean {
    return !this.#hasBegun && this.#waiting.size === 0
  }

  readonly delivery = (): Delivery => {
    const delivery = new ReceiptDelivery(this)
    this.#waiting.add(delivery)
    return delivery
  }

  readonly withdraw = (delivery: Delivery): boolean => {
    if (!this.#waiting.delete(delivery)) return false
    // It may be one that the earlier process has published, and of which nothing was kept.
    if (this.earlier !== undefined && this.earlier.receipt === undefined) this.#isWhole = false
    this.#check()
    return true
  }

  readonly missed = (nodes: ReadonlyArray<string>): void => {
    for (const node of nodes) this.#missing.add(node)
  }

  readonly seal = (done?: (receipt: Receipt) => void): void => {
    this.#isSealed = true
    this.#done = done
    this.#check()
  }

  /** A delivery is on its way; one that was withdrawn does not count. */
  takeUp(delivery: Delivery): void {
    if (!this.#waiting.delete(delivery)) return
    this.#underWay.add(delivery)
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.keeper.begun(this)
  }

  /** A delivery is complete. */
  take(delivery: Delivery): void {
    if (!this.#underWay.delete(delivery)) return
    this.#sums.add(delivery)
    this.#check()
  }

  #check(): void {
    if (!this.#isSealed || this.#waiting.size > 0 || this.#underWay.size > 0 || this.isComplete) return
    this.isComplete = true
    if (this.#hasBegun) this.keeper.completed(this)
    else this.keeper.vanished(this)
    this.#done?.(this.receipt())
    this.#done = undefined
  }

  /** As it stands now. */
  receipt(): Receipt {
    const { subject, publishedAt, lost, acked } = this
    const sums = new Sums()
    sums.addSums(this.#sums)
    for (const delivery of this.#underWay) sums.add(delivery)
    return {
      id: subject.id,
      kind: subject.kind,
      channels: subject.channels.slice(0, CHANNELS_KEPT),
      channelCount: subject.channels.length,
      ...(subject.schedule === undefined ? {} : { schedule: subject.schedule }),
      ...(subject.node === undefined ? {} : { node: subject.node }),
      ...countsOf(sums.all),
      publishedAt,
      ...writeTimes(sums.all, publishedAt),
      isComplete: this.isComplete && this.#isWhole,
      lost,
      acked,
      workers: [...sums.workers].map(
        ([worker, sum]): WorkerReceipt => ({ worker, ...countsOf(sum), ...writeTimes(sum, publishedAt) })
      ),
      ...(this.#missing.size === 0 ? {} : { missing: [...this.#missing] })
    }
  }
}

/** Whoever is eligible and neither written nor dropped has closed. */
const countsOf = ({ eligible, written, slow, mailbox }: Sum) => ({
  eligible,
  written,
  dropped: slow + mailbox,
  drops: { slow, mailbox },
  closed: eligible - written - slow - mailbox
})

/** What of a receipt, or of a worker's part, is to be added up. */
const partOf = ({ eligible, written, drops, firstWriteAt, lastWriteAt }: Omit<WorkerReceipt, "worker">) => ({
  eligible,
  written,
  slow: drops.slow,
  mailbox: drops.mailbox,
  firstWriteAt: firstWriteAt ?? Number.NaN,
  lastWriteAt: lastWriteAt ?? Number.NaN
})

const writeTimes = ({ firstWriteAt, lastWriteAt }: Sum, publishedAt: number): WriteTimes => {
  const known = (at: number) => (Number.isNaN(at) ? null : at)
  return {
    firstWriteAt: known(firstWriteAt),
    lastWriteAt: known(lastWriteAt),
    timeToLastWriteMs: known(lastWriteAt - publishedAt)
  }
}
