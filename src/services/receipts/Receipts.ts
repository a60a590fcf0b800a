/**
 * Proof of delivery: what became of each broadcast and of each run of a schedule, for `receipts.retention`.
 *
 * Guarantees: a receipt accounts for everyone: eligible = written + dropped + closed, summed over its channels and over all workers; it can be
 * read from the moment it is opened, and is final once all of its deliveries are complete. `written` means handed to the kernel or to the
 * connection's bounded send buffer; `acked` counts the connections that said they have it, each once.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery, DeliveryCounts } from "../hot/Publication.ts"
import type { StoreFailed } from "../store/Store.ts"

/** When a broadcast was written: milliseconds since the epoch, with fractions; null when nobody was written to. */
export interface WriteTimes {
  readonly firstWriteAt: number | null
  readonly lastWriteAt: number | null
  /** From publishing to the last write, in ms. */
  readonly timeToLastWriteMs: number | null
}

/** Why messages were not sent; their sum is `dropped`. */
export interface DropReasons {
  /** The connection's send buffer was full. */
  readonly slow: number
  /** A shard's or worker's mailbox was full. */
  readonly mailbox: number
}

/** What became of a broadcast in one worker process. */
export interface WorkerReceipt extends DeliveryCounts, WriteTimes {
  /** "worker-0" */
  readonly worker: string
  readonly drops: DropReasons
}

/** What it is a receipt of. */
export interface ReceiptSubject {
  /** Of the receipt. One that is known already is opened anew. */
  readonly id: string
  /** "broadcast": the timer's, an API request's, or an embedding program's; "schedule": the run of a schedule. */
  readonly kind: "broadcast" | "schedule"
  readonly channels: ReadonlyArray<string>
  /** Of the schedule whose run it is. */
  readonly schedule?: string | undefined
}

/** What became of a broadcast. */
export interface Receipt extends ReceiptSubject, DeliveryCounts, WriteTimes {
  /** Milliseconds since the epoch, with fractions. */
  readonly publishedAt: number
  /** False while deliveries are under way. */
  readonly isComplete: boolean
  readonly drops: DropReasons
  /** Connections that ended with a worker process that died since the broadcast before: they were not there to be asked. */
  readonly lost: number
  readonly acked: number
  /** The parts of the workers; empty where one process serves. */
  readonly workers: ReadonlyArray<WorkerReceipt>
}

/** A receipt to which deliveries are still added. */
export interface OpenReceipt {
  /** For one publication of it, to be handed to whoever publishes; one that is not published is to be taken back with `withdraw`. */
  readonly delivery: () => Delivery
  readonly withdraw: (delivery: Delivery) => void
  /** No further delivery comes; called when the receipt is final. */
  readonly seal: (done?: (receipt: Receipt) => void) => void
}

export interface ReceiptFilter {
  readonly kind?: ReceiptSubject["kind"] | undefined
  readonly schedule?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

export class Receipts extends Context.Service<
  Receipts,
  {
    /** Synchronous: it stands in the way of every broadcast. */
    readonly open: (subject: ReceiptSubject) => OpenReceipt
    readonly get: (id: string) => Effect.Effect<Receipt | undefined, StoreFailed>
    /** Newest first. */
    readonly list: (
      filter: ReceiptFilter
    ) => Effect.Effect<
      { readonly items: ReadonlyArray<Receipt>; readonly cursor?: string | undefined },
      StoreFailed
    >
  }
>()("clarion/services/Receipts") {}
