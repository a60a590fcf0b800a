/** How long each broadcast took to its last write: from the receipts that this page has heard of. */
import type { Series } from "../../parts/chartText.ts"
import type { Receipt } from "../receipts/receipt.ts"

/** Points that are kept at most; the oldest go. */
export const MAX_POINTS = 2_000

export interface WriteTime {
  readonly id: string
  readonly kind: Receipt["kind"]
  /** When the last write was, or so far. */
  readonly at: number
  readonly ms: number
}

/** By time; a receipt that grows is there once, as it is now. */
export const withReceipts = (
  known: ReadonlyArray<WriteTime>,
  receipts: ReadonlyArray<Receipt>
): ReadonlyArray<WriteTime> => {
  const points = new Map(known.map((point) => [point.id, point]))
  for (const { id, kind, publishedAt, timeToLastWriteMs } of receipts) {
    if (timeToLastWriteMs !== undefined) points.set(id, { id, kind, at: publishedAt, ms: timeToLastWriteMs })
  }
  return [...points.values()].sort((a, b) => a.at - b.at).slice(-MAX_POINTS)
}

const of = (points: ReadonlyArray<WriteTime>, wanted: Receipt["kind"]): ReadonlyArray<number | null> =>
  points.map(({ kind, ms }) => (kind === wanted ? ms : null))

export const writeTimeSeries = (points: ReadonlyArray<WriteTime>): ReadonlyArray<Series> => [
  { label: "Broadcasts", kind: "points", tone: 1, values: of(points, "broadcast") },
  { label: "Runs of schedules", kind: "points", tone: 2, values: of(points, "schedule") }
]
