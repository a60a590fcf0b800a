/** Receipts in metrics and in the log. */
import * as Metric from "effect/Metric"
import { counter, gauge, type Sample } from "../Metrics.ts"
import type { Receipt, ReceiptSubject } from "./Receipts.ts"

/** Seconds from publishing to the last write, one value for each broadcast, and each run of a schedule, that was written to anyone. */
export const timeToLastWrite = Metric.histogram("clarion_broadcast_last_write_seconds", {
  description: "Seconds from publishing a broadcast to the last write",
  boundaries: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
})

/** What a log line about a receipt says beside its text: `Effect.annotateLogs(receiptAnnotations(receipt))`. */
export const receiptAnnotations = (receipt: Receipt) => ({
  eligible: receipt.eligible,
  written: receipt.written,
  dropped: receipt.dropped,
  ...(receipt.dropped > 0 ? { slow: receipt.drops.slow, mailbox: receipt.drops.mailbox } : {}),
  closed: receipt.closed,
  lost: receipt.lost,
  timeToLastWriteMs: receipt.timeToLastWriteMs ?? 0
})

export interface ReceiptFigures {
  /** Under way. */
  readonly open: number
  /** In the store, and those that wait for it. */
  readonly kept: number
  readonly waiting: number
  readonly unwritten: number
  /** Final ones since start. */
  readonly completed: { readonly [K in ReceiptSubject["kind"]]: number }
  /** Connections that said they have one. */
  readonly acked: number
}

export const receiptSamples = (figures: ReceiptFigures): ReadonlyArray<Sample> => [
  gauge("clarion_receipts_open", "Receipts whose deliveries are under way", figures.open),
  gauge("clarion_receipts_kept", "Receipts in the store", figures.kept),
  gauge("clarion_receipts_waiting", "Receipts that wait to be written to the store", figures.waiting),
  ...Object.entries(figures.completed).map(([kind, count]) =>
    counter("clarion_receipts_total", "Receipts that are final", count, { kind })
  ),
  counter(
    "clarion_receipts_unwritten_total",
    "Receipts that were not kept, as too many waited for the store",
    figures.unwritten
  ),
  counter("clarion_acks_total", "Connections that acknowledged a receipt", figures.acked)
]
