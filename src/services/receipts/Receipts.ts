/**
 * Proof of delivery: what became of each broadcast and of each run of a schedule, for `receipts.retention`.
 *
 * Guarantees: a receipt accounts for everyone: eligible = written + dropped + closed, summed over its channels and over all workers; it can be
 * read from the moment it is opened, and is final once all of its deliveries are complete. `written` means handed to the kernel or to the
 * connection's bounded send buffer; `acked` counts the connections that said they have it, each once, and is final when their time
 * (`receipts.acknowledgeWithin`) is over.
 *
 * A receipt is written to the store some 50 ms after its first publication is on its way (in a burst of thousands, up to 2 s), and again when it is
 * final, where that was later: one that was under way when the process ended is there as it was then, with `isComplete: false`; one that was
 * opened just before a kill is not.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery, DeliveryCounts, DropReasons } from "../hot/Publication.ts"
import type { StoreFailed } from "../store/Store.ts"

/** Characters of the id of a receipt. */
export const MAX_RECEIPT_ID = 255

/** Half of a character. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** Whether a receipt with this id can be kept. */
export const isReceiptId = (id: string): boolean =>
  id !== "" && id.length <= MAX_RECEIPT_ID && !LONE_SURROGATE.test(id)

/** When a broadcast was written: milliseconds since the epoch, with fractions; null when nobody was written to. */
export interface WriteTimes {
  readonly firstWriteAt: number | null
  readonly lastWriteAt: number | null
  /** From publishing to the last write, in ms. */
  readonly timeToLastWriteMs: number | null
}

/** What became of a broadcast in one worker process, or in one other node. */
export interface WorkerReceipt extends DeliveryCounts, WriteTimes {
  /** "worker-0"; of another node its name, and "<name>/worker-0" where it has workers. */
  readonly worker: string
  readonly drops: DropReasons
}

/** What it is a receipt of. */
export interface ReceiptSubject {
  /**
   * Of the receipt: at most `MAX_RECEIPT_ID` characters. One that is known already is opened anew, if anything is published. One that cannot
   * be kept (`isReceiptId`) is counted as any other, and not kept.
   */
  readonly id: string
  /** "broadcast": the timer's, an API request's, or an embedding program's; "schedule": the run of a schedule. */
  readonly kind: "broadcast" | "schedule"
  readonly channels: ReadonlyArray<string>
  /** Of the schedule whose run it is. */
  readonly schedule?: string | undefined
  /** Name of the node that published it; absent where there is one node only. */
  readonly node?: string | undefined
}

/** What became of a broadcast. */
export interface Receipt extends ReceiptSubject, DeliveryCounts, WriteTimes {
  /** How many channels; `channels` names the first 100 of them. */
  readonly channelCount: number
  /** Milliseconds since the epoch, with fractions. */
  readonly publishedAt: number
  /** False while deliveries are under way. */
  readonly isComplete: boolean
  readonly drops: DropReasons
  /** Connections that ended with a worker process that died since the broadcast to everyone before: they were not there to be asked. */
  readonly lost: number
  readonly acked: number
  /** The parts of the workers, and of other nodes; empty where one process serves. */
  readonly workers: ReadonlyArray<WorkerReceipt>
  /** Names of nodes that have not told what became of it there; absent: all have. */
  readonly missing?: ReadonlyArray<string>
}

/** Some of it may have been published by a process that ended, and will not be published again. */
export interface Earlier {
  /** What is kept of that; undefined: nothing. */
  readonly receipt: Receipt | undefined
}

/** A receipt to which deliveries are still added. One of which nothing was published in the end vanishes. */
export interface OpenReceipt {
  readonly id: string
  /** For one publication of it, to be handed to whoever publishes. */
  readonly delivery: () => Delivery
  /** It is not known to be published: it is not waited for, and counts no more. False: it was taken up, and counts all the same. */
  readonly withdraw: (delivery: Delivery) => boolean
  /** Nodes that do not tell what became of it there. */
  readonly missed: (nodes: ReadonlyArray<string>) => void
  /** Nothing of it is published, nor on its way to be. */
  readonly isEmpty: boolean
  /** No further delivery comes; called when the receipt is final, at once where it is. */
  readonly seal: (done?: (receipt: Receipt) => void) => void
}

export interface ReceiptFilter {
  readonly kind?: ReceiptSubject["kind"] | undefined
  readonly schedule?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** `cursor` is where the next page begins; undefined: it was the last. */
export interface ReceiptPage {
  readonly items: ReadonlyArray<Receipt>
  readonly cursor?: string | undefined
}

export class Receipts extends Context.Service<
  Receipts,
  {
    /**
     * Synchronous: it stands in the way of every broadcast. With `earlier`, what is added up here is added to that; it is complete in the end
     * only if nothing of it can be missing.
     */
    readonly open: (subject: ReceiptSubject, earlier?: Earlier) => OpenReceipt
    readonly get: (id: string) => Effect.Effect<Receipt | undefined, StoreFailed>
    /** Newest first. The page after a cursor that is none is empty. */
    readonly list: (filter: ReceiptFilter) => Effect.Effect<ReceiptPage, StoreFailed>
    /** Another number after each change of any of them. */
    readonly version: () => number
    /** So many connections more said that they have it; ignored where it takes no acknowledgements any more. */
    readonly acknowledged: (id: string, connections: number) => void
  }
>()("clarion/services/Receipts") {}
