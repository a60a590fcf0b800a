/**
 * HOT PATH. A publication on its way to the sockets, and the delivery that adds up what became of it.
 */
import type { ChannelEvent } from "./ChannelEvent.ts"
import type { DeliveryWatch, ShardDelivery } from "./DeliveryWatch.ts"

/** What one connection gets in one frame. */
export interface Frame {
  /** The same bytes for each connection; never changed after publishing. */
  readonly data: Uint8Array
  /** False: a text frame, and `data` is valid UTF-8. */
  readonly isBinary: boolean
}

/** One frame for every raw connection. */
export interface Broadcast extends Frame {
  readonly channel?: undefined
  readonly delivery: Delivery
}

export type Publication = Broadcast | ChannelEvent

/** Why messages were not sent though their connections were open; their sum is `dropped`. */
export interface DropReasons {
  /** The connection's send buffer was full. */
  readonly slow: number
  /** A shard's or worker's mailbox was full. */
  readonly mailbox: number
}

/** What became of one publication, in the shards that have finished with it so far. */
export interface DeliveryCounts {
  /** Connections that were there when a shard took the publication up: written + dropped + closed. */
  readonly eligible: number
  /** Handed to the kernel or to the connection's bounded send buffer. */
  readonly written: number
  /** Not sent: the connection's send buffer or the shard's mailbox was full. */
  readonly dropped: number
  /** Not sent: the connection closed before its turn. */
  readonly closed: number
}

/** The part of one worker process. Whoever is eligible and neither written nor dropped has closed. Times are NaN where it wrote to nobody. */
export interface WorkerDelivery extends DropReasons {
  readonly worker: string
  readonly eligible: number
  readonly written: number
  readonly firstWriteAt: number
  readonly lastWriteAt: number
  /** Where it is watched, the parts of its shards. */
  readonly shards?: ReadonlyArray<ShardDelivery>
}

/** The receipt that a delivery is a part of. */
export interface DeliveryReceipt {
  readonly id: string
  /** Undefined: clients may not acknowledge it. */
  readonly acknowledgeUntil: number | undefined
}

/**
 * Counts of one publication over all shards. `parts` shards owe a result each; when the last has come,
 * `onComplete` is called once.
 */
export class Delivery implements DeliveryCounts, DropReasons {
  eligible = 0
  written = 0
  slow = 0
  mailbox = 0
  closed = 0
  /** Milliseconds since the epoch, with fractions; NaN while nothing is written. */
  firstWriteAt = Number.NaN
  lastWriteAt = Number.NaN
  /** Where worker processes serve, the part of each. */
  readonly workers: Array<WorkerDelivery> = []
  onComplete: ((this: Delivery) => void) | undefined
  /** Set before it is handed to the hub, where somebody looks closely at it. */
  watch: DeliveryWatch | undefined
  #parts = 0

  /** Where it is a part of a receipt: which one, and until when clients may acknowledge it, in ms since the epoch. */
  get receipt(): DeliveryReceipt | undefined {
    return undefined
  }

  get dropped(): number {
    return this.slow + this.mailbox
  }

  get isComplete(): boolean {
    return this.#parts === 0
  }

  expect(parts: number): void {
    this.#parts += parts
  }

  /** One worker is done, all of its shards. */
  addWorker(part: WorkerDelivery): void {
    this.workers.push(part)
    const { eligible, written, slow, mailbox, firstWriteAt, lastWriteAt } = part
    this.#add(undefined, eligible, written, slow, mailbox, firstWriteAt, lastWriteAt)
  }

  /** One shard did not take it, as its mailbox was full. */
  refused(connections: number, shard = ""): void {
    this.#add(shard, connections, 0, 0, connections, Number.NaN, Number.NaN)
  }

  /** One shard is done; its times count where it has written. Whatever is eligible and neither written nor dropped has closed. */
  add(
    eligible: number,
    written: number,
    slow: number,
    firstWriteAt: number,
    lastWriteAt: number,
    shard = ""
  ): void {
    this.#add(shard, eligible, written, slow, 0, firstWriteAt, lastWriteAt)
  }

  /** All parts have come. */
  protected complete(): void {
    this.onComplete?.()
    this.watch?.completed(this)
  }

  /** @param shard undefined: it is the part of a worker */
  #add(
    shard: string | undefined,
    eligible: number,
    written: number,
    slow: number,
    mailbox: number,
    firstWriteAt: number,
    lastWriteAt: number
  ): void {
    if (shard !== undefined)
      this.watch?.add({ shard, eligible, written, slow, mailbox, firstWriteAt, lastWriteAt })
    this.eligible += eligible
    this.written += written
    this.slow += slow
    this.mailbox += mailbox
    this.closed += eligible - written - slow - mailbox
    if (written > 0) {
      if (firstWriteAt < this.firstWriteAt || Number.isNaN(this.firstWriteAt))
        this.firstWriteAt = firstWriteAt
      if (lastWriteAt > this.lastWriteAt || Number.isNaN(this.lastWriteAt)) this.lastWriteAt = lastWriteAt
    }
    this.#parts--
    if (this.#parts === 0) this.complete()
  }
}
