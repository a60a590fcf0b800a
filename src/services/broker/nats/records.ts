/**
 * What nodes send each other of channels: a version byte, then MessagePack, arrays whose places are the members of these types. What cannot be
 * read is undefined: it may come from anyone.
 */
import { Packr, RESERVE_START_SPACE } from "msgpackr"
import type { ClientInfo } from "../../../protocol/centrifuge/messages.ts"
import type { EntryOptions } from "../../history/HistoryStore.ts"
import type { ChannelPublication, StreamPosition } from "../../hot/ChannelEvent.ts"
import { unpackChecked } from "../../nats/messagePack.ts"
import type { ReceiptNotice } from "../../receipts/receiptNotice.ts"
import type { LogState } from "./LogState.ts"
import type { Mark } from "./marks.ts"

const VERSION = 1
const LOG = 0
const KINDS = ["publication", "join", "leave"] as const

/** Which node sent it, and which of its messages it is: how it knows its own again. */
export interface Origin {
  readonly node: string
  readonly number: number
}

/** A publication and the receipt that it is a part of, which nodes that have subscribers add to. */
export interface Entry {
  readonly publication: ChannelPublication
  readonly receipt: ReceiptNotice | undefined
  /** Id of its idempotency key, where the message cannot say it. */
  readonly key?: string | undefined
}

/** A message of a channel's log: `entries` are the newest ones, `state` stands after them. */
export interface LogRecord {
  readonly kind: "log"
  readonly origin: Origin
  readonly state: LogState
  readonly entries: ReadonlyArray<Entry>
}

/** What is not kept: a publication without history, or that somebody joined or left. */
export interface PassingRecord {
  readonly kind: (typeof KINDS)[number]
  readonly origin: Origin
  /** It comes after this publication, as far as its sender knew; undefined: no history was known. */
  readonly after: StreamPosition | undefined
  readonly entry: Entry
}

export type ChannelRecord = LogRecord | PassingRecord

/** Bytes of a message beside its entries, at most. */
export const MESSAGE_OVERHEAD = 2048

/** Bytes of an entry beside texts and data. */
const ENTRY_OVERHEAD = 200
/** Of a tag. */
const TAG_OVERHEAD = 10

/** Of a character, at most. */
const utf8 = (text: string | undefined): number => 3 * (text?.length ?? 0)

/** Bytes of an entry, not less than there are. */
export const sizeOf = (data: Uint8Array, { tags, info }: Pick<EntryOptions, "tags" | "info">): number => {
  let bytes = ENTRY_OVERHEAD + data.length
  if (info !== undefined) {
    bytes += (info.connInfo?.length ?? 0) + (info.chanInfo?.length ?? 0)
    bytes += utf8(info.user) + utf8(info.client)
  }
  for (const [name, value] of Object.entries(tags ?? {})) bytes += utf8(name) + utf8(value) + TAG_OVERHEAD
  return bytes
}

const packr = new Packr({ useRecords: false, moreTypes: false })

const infoParts = (info: ClientInfo | undefined) =>
  info === undefined
    ? null
    : [info.user ?? null, info.client ?? null, info.connInfo ?? null, info.chanInfo ?? null]

const receiptParts = ({ id, acknowledging }: ReceiptNotice) =>
  acknowledging === undefined ? [id] : [id, acknowledging.life, acknowledging.within]

const entryParts = ({ publication, receipt, key }: Entry) => {
  const { offset, data, time, isDelta, info, tags } = publication
  const told = receipt === undefined ? null : receiptParts(receipt)
  const parts = [offset, data, time, isDelta, infoParts(info), tags ?? null, told]
  return key === undefined ? parts : [...parts, key]
}

const stateParts = (state: LogState) => {
  const { epoch, offset, first, entriesUntil, until, version, versionEpoch } = state
  return [epoch, offset, first, entriesUntil, until, version, versionEpoch, markParts(state.marks)]
}

/** Each as its distance from the one before, which takes fewer bytes. */
const markParts = (marks: ReadonlyArray<Mark>): ReadonlyArray<number> => {
  const parts: Array<number> = []
  let [offset, seq] = [0, 0]
  for (const mark of marks) {
    parts.push(mark.offset - offset, mark.seq - seq)
    offset = mark.offset
    seq = mark.seq
  }
  return parts
}

const partsOf = (record: ChannelRecord): ReadonlyArray<unknown> => {
  const { node, number } = record.origin
  if (record.kind === "log")
    return [LOG, node, number, stateParts(record.state), record.entries.map(entryParts)]
  const { after, entry } = record
  const position = after === undefined ? null : [after.epoch, after.offset]
  return [1 + KINDS.indexOf(record.kind), node, number, position, entryParts(entry)]
}

export const recordToBytes = (record: ChannelRecord): Uint8Array => {
  const bytes = packr.pack(partsOf(record), RESERVE_START_SPACE + 1)
  bytes[0] = VERSION
  return bytes
}

export const recordOfBytes = (bytes: Uint8Array): ChannelRecord | undefined => {
  if (bytes[0] !== VERSION) return undefined
  try {
    return recordOf(array(unpackChecked(packr, bytes.subarray(1))))
  } catch {
    // Bytes that are no MessagePack, or parts of another kind than they should be.
    return undefined
  }
}

const recordOf = ([kind, node, number, about, what]: ReadonlyArray<unknown>): ChannelRecord => {
  const origin = { node: text(node), number: count(number) }
  if (kind === LOG)
    return { kind: "log", origin, state: stateOf(array(about)), entries: array(what).map(entryOf) }
  const passing = KINDS[count(kind) - 1]
  if (passing === undefined) throw new TypeError("unknown kind")
  return { kind: passing, origin, after: optional(about, positionOf), entry: entryOf(what) }
}

const positionOf = (parts: unknown): StreamPosition => {
  const [epoch, offset] = array(parts)
  return { epoch: text(epoch), offset: count(offset) }
}

const stateOf = (parts: ReadonlyArray<unknown>): LogState => {
  const [epoch, offset, first, entriesUntil, until, version, versionEpoch, marks] = parts
  return {
    epoch: text(epoch),
    offset: count(offset),
    first: count(first),
    entriesUntil: count(entriesUntil),
    until: count(until),
    version: count(version),
    versionEpoch: text(versionEpoch),
    marks: marksOf(array(marks))
  }
}

const marksOf = (parts: ReadonlyArray<unknown>): ReadonlyArray<Mark> => {
  const marks: Array<Mark> = []
  let [offset, seq] = [0, 0]
  for (let at = 0; at + 1 < parts.length; at += 2) {
    offset += count(parts[at])
    seq += count(parts[at + 1])
    marks.push({ offset, seq })
  }
  return marks
}

const entryOf = (parts: unknown): Entry => {
  const [offset, data, time, isDelta, info, tags, receipt, key] = array(parts)
  return {
    publication: {
      offset: count(offset),
      data: bytesOf(data),
      time: count(time),
      isDelta: isDelta === true,
      info: optional(info, infoOf),
      tags: optional(tags, tagsOf)
    },
    receipt: optional(receipt, receiptOf),
    key: optional(key, text)
  }
}

const infoOf = (parts: unknown): ClientInfo => {
  const [user, client, connInfo, chanInfo] = array(parts)
  return {
    user: optional(user, text),
    client: optional(client, text),
    connInfo: optional(connInfo, bytesOf),
    chanInfo: optional(chanInfo, bytesOf)
  }
}

const tagsOf = (tags: unknown): Readonly<Record<string, string>> => {
  if (typeof tags !== "object" || !Object.values(tags!).every((value) => typeof value === "string"))
    throw new TypeError("no tags")
  return tags as Record<string, string>
}

const receiptOf = (parts: unknown): ReceiptNotice => {
  const [id, life, within] = array(parts)
  return {
    id: text(id),
    acknowledging: optional(life, (known) => ({ life: count(known), within: count(within) }))
  }
}

const optional = <A>(part: unknown, read: (part: unknown) => A): A | undefined =>
  part === null || part === undefined ? undefined : read(part)

const array = (part: unknown): ReadonlyArray<unknown> => {
  if (!Array.isArray(part)) throw new TypeError("no array")
  return part
}

const text = (part: unknown): string => {
  if (typeof part !== "string") throw new TypeError("no text")
  return part
}

/** Offsets, sequences, times: whatever is a number and not less than 0. */
const count = (part: unknown): number => {
  if (typeof part !== "number" || !(part >= 0 && part <= Number.MAX_SAFE_INTEGER))
    throw new TypeError("no number")
  return part
}

/** Without the rest of what came with them over the network, and no Buffer. */
const bytesOf = (part: unknown): Uint8Array => {
  if (!(part instanceof Uint8Array)) throw new TypeError("no bytes")
  return new Uint8Array(part)
}
