/** A durable stream that is in use: where it stands, and as many of its newest entries as memory has room for. */
import type { ChannelPublication } from "../../hot/ChannelEvent.ts"
import type { History, HistoryFilter, StreamOptions } from "../HistoryStore.ts"
import { Tail } from "../Tail.ts"
import { type Wanted, wantedOf } from "../wanted.ts"
import type { StreamRecord } from "./records.ts"

/** What a reading finds in memory. */
export interface Found {
  readonly record: StreamRecord
  /** Entries, oldest first. */
  readonly held: Array<ChannelPublication>
  /** Those before them that are in the store alone; undefined where there are none. */
  readonly missing: Wanted | undefined
}

export class DurableStream {
  /** Where it stands; undefined where there is no stream. What its readers know, and so its subscribers. */
  record: StreamRecord | undefined
  /** What the store has. They differ where the store could not take that a stream was begun. */
  saved: StreamRecord | undefined
  /** When it ends, readings counted, which are not all written. */
  until = 0
  readonly tail = new Tail()
  /** Who works with it now: as long as somebody does it stays in memory. */
  pins = 0
  /** Undefined: by nobody, as it was only looked at. */
  usedAt: number | undefined
  /** A commit failed with something of it: the store is to be asked what it has before it is used again. */
  isDoubtful = false
  /** A write is on its way that says how long it is kept. */
  isTouching = false

  constructor(
    /** Of the channel, in the store. */
    readonly name: string,
    record: StreamRecord | undefined,
    /** That its namespace has now. */
    readonly generation = ""
  ) {
    this.adopt(this.#current(record))
  }

  /** What the store has is what counts. */
  adopt(record: StreamRecord | undefined): void {
    this.record = record
    this.saved = record
    this.until = record?.until ?? 0
    this.tail.clear()
  }

  /** After a commit that may have failed: goes on where the store has what was known of it. */
  verify(found: StreamRecord | undefined): void {
    this.isDoubtful = false
    const { saved } = this
    const record = this.#current(found)
    const isSame =
      record?.epoch === saved?.epoch && record?.offset === saved?.offset && record?.first === saved?.first
    if (!isSame) this.adopt(record)
  }

  /** What the store has, unless it is of an earlier generation: then it is over. */
  #current(record: StreamRecord | undefined): StreamRecord | undefined {
    if (record === undefined || (record.generation ?? "") === this.generation) return record
    return { ...record, until: 0, entriesUntil: 0 }
  }

  /** It stands so on disk, with these entries more. */
  advance(record: StreamRecord | undefined, appended: ReadonlyArray<ChannelPublication>): void {
    if (record === undefined) return this.adopt(undefined)
    const isSame = record.epoch === this.record?.epoch
    if (!isSame) this.tail.clear()
    // Without those before them, they are the newest ones all the same.
    this.tail.append(appended)
    this.tail.dropBefore(record.first)
    this.record = record
    this.saved = record
    this.until = isSame ? Math.max(this.until, record.until) : record.until
  }

  /** It is begun, and the store cannot take it now. */
  assume(record: StreamRecord): void {
    this.record = record
    this.until = record.until
    this.tail.clear()
  }

  /** The stream, unless it is over. */
  alive(now: number): StreamRecord | undefined {
    return this.record !== undefined && this.until > now ? this.record : undefined
  }

  /** It is used. True where that should be written: else it would end much too early after a restart. */
  touch(now: number, { metaTtlMs }: StreamOptions): boolean {
    this.until = Math.max(this.until, now + metaTtlMs)
    return !this.isTouching && this.until - (this.saved?.until ?? 0) > metaTtlMs / 4
  }

  /** What a reading finds at this moment. Not to be called where it is over. */
  look(filter: HistoryFilter, now: number): Found {
    const record = this.record!
    const { offset, first, entriesUntil } = record
    const { from, to } = wantedOf(record, entriesUntil > now ? first : offset + 1, filter)
    const held = this.tail.first ?? offset + 1
    return {
      record,
      held: this.tail.between(from, to),
      missing: from <= to && from < held ? { from, to: Math.min(to, held - 1) } : undefined
    }
  }
}

/** @param older those that were missing */
export const historyOf = (
  { record: { offset, epoch }, held }: Found,
  older: ReadonlyArray<ChannelPublication>,
  isReverse: boolean
): History => {
  const publications = older.length === 0 ? held : [...older, ...held]
  return { offset, epoch, publications: isReverse ? publications.reverse() : publications }
}
