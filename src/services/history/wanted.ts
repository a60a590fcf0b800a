/** Which entries of a stream a reading asks for. */
import type { StreamPosition } from "../hot/ChannelEvent.ts"
import type { HistoryFilter } from "./HistoryStore.ts"

/** Offsets, both included; `from` is greater than `to` where there are none. */
export interface Wanted {
  readonly from: number
  readonly to: number
}

const NONE: Wanted = { from: 1, to: 0 }

/** @param first offset of the oldest entry; one above the stream's offset where there is none */
export const wantedOf = (
  { offset, epoch }: StreamPosition,
  first: number,
  { limit, since, isReverse = false }: HistoryFilter
): Wanted => {
  if (since !== undefined && since.epoch !== "" && since.epoch !== epoch) return NONE
  let from = first
  let to = offset
  if (since !== undefined && isReverse) to = Math.min(to, since.offset - 1)
  else if (since !== undefined) from = Math.max(from, since.offset + 1)
  if (limit < 0) return { from, to }
  return isReverse
    ? { from: Math.max(from, to - limit + 1), to }
    : { from, to: Math.min(to, from + limit - 1) }
}
