/** What durable history is in the store: its tables, their keys, and what stands there. */
import { createHash } from "node:crypto"
import type { ClientInfo } from "../../../protocol/centrifuge/messages.ts"
import type { ChannelPublication } from "../../hot/ChannelEvent.ts"
import type { Key, Value, Write } from "../../store/Store.ts"

/** [name of the channel]: where its stream stands. */
export const STREAMS = "history.streams"
/** [name of the channel, place]: an entry. */
export const ENTRIES = "history.entries"
/** [name of the channel, name of the key]: what came of it. */
export const KEYS = "history.keys"
/** [minute, name of the channel] or [minute, name of the channel, name of the key]: what is to be looked at then, as it may be over. */
export const DUE = "history.due"

const MINUTE_MS = 60_000

/** The first minute, counted from the epoch, in which what ends at `time` is over. */
export const minuteAfter = (time: number): number => Math.floor(time / MINUTE_MS) + 1
/** The last minute that has begun. */
export const minuteOf = (now: number): number => Math.floor(now / MINUTE_MS)

/** A stream, as it is written. Times are milliseconds since the epoch. */
export interface StreamRecord {
  readonly epoch: string
  readonly offset: number
  /** Offset of the oldest entry that is kept; one above `offset` where none is. */
  readonly first: number
  readonly entriesUntil: number
  readonly until: number
  readonly version: number
  readonly versionEpoch: string
  /** The place of offset 0 among the channel's entries: a stream that is begun anew has its entries behind those of the one before. */
  readonly base: number
  /** Entries that are kept no more may still be there from this place on. */
  readonly low: number
  /** The minute in which it is looked at. */
  readonly due: number
  /** Of its namespace (Generations.ts); absent: the first one. */
  readonly generation?: string
}

export interface KeyRecord {
  readonly offset: number
  readonly epoch: string
  /** It is known until then at least, and as long as its publication is kept. */
  readonly until: number
  readonly due: number
}

/** Longer names are written as their SHA-256, so that every key of the store is short enough. */
const LONGEST_NAME = 400

/** Of any text, another one for each: what UTF-8 cannot say is hashed, too. */
export const storedName = (text: string): string =>
  text.length <= LONGEST_NAME && isUnicode(text)
    ? `=${text}`
    : `#${createHash("sha256").update(Buffer.from(text, "utf16le")).digest("base64url")}`

/** Surrogates come in pairs. */
const isUnicode = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** The entry as it is written: without its offset, which its place says. */
export const entryValue = ({ data, info, tags, isDelta, time }: ChannelPublication): Value => ({
  data,
  isDelta,
  time,
  ...(info === undefined ? {} : { info: { ...info } }),
  ...(tags === undefined ? {} : { tags })
})

type EntryValue = Omit<ChannelPublication, "offset">

export const entryOf = (value: Value, offset: number): ChannelPublication => {
  const { data, info, tags, isDelta, time } = value as EntryValue
  return { offset, data: bytes(data), info: info && infoOf(info), tags, isDelta, time }
}

const infoOf = ({ user, client, connInfo, chanInfo }: ClientInfo): ClientInfo => ({
  user,
  client,
  connInfo: connInfo && bytes(connInfo),
  chanInfo: chanInfo && bytes(chanInfo)
})

/** Bytes of their own, and no Buffer: a store may hand out a part of what it has read. */
const bytes = (data: Uint8Array): Uint8Array =>
  data.byteLength === data.buffer.byteLength ? new Uint8Array(data.buffer) : new Uint8Array(data)

export const put = (table: string, key: Key, value: Value): Write => ({ table, key, value })
export const remove = (table: string, key: Key): Write => ({ table, key })

/** The look at something is put off, or asked for the first time. */
export const moveDue = (
  from: number | undefined,
  to: number,
  ...name: ReadonlyArray<string>
): Array<Write> => [
  ...(from === undefined ? [] : [remove(DUE, [from, ...name])]),
  put(DUE, [to, ...name], true)
]
