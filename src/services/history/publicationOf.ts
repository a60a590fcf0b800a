/** A publication as it stands in a history. */
import type { ChannelPublication } from "../hot/ChannelEvent.ts"
import type { EntryOptions } from "./HistoryStore.ts"

/** @param now milliseconds since the epoch */
export const publicationOf = (
  offset: number,
  data: Uint8Array,
  { info, tags, isDelta = false }: EntryOptions,
  now: number
): ChannelPublication => ({ offset, data, info, tags, isDelta, time: Math.floor(now) })
