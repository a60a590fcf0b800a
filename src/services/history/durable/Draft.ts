/** What becomes of one stream in a commit, before it is on disk. */
import type { ChannelPublication } from "../../hot/ChannelEvent.ts"
import type { Write } from "../../store/Store.ts"
import { makeEpoch } from "../epoch.ts"
import type { StreamOptions } from "../HistoryStore.ts"
import type { DurableStream } from "./DurableStream.ts"
import {
  DUE,
  ENTRIES,
  entryValue,
  type KeyRecord,
  minuteAfter,
  moveDue,
  put,
  remove,
  STREAMS,
  type StreamRecord
} from "./records.ts"

/** Entries that a commit removes of one stream at most; and how many may wait for the next one without being looked for. */
export const MAX_REMOVALS = 1000
const LEFT_REMOVALS = 128

const UNKNOWN: StreamRecord = {
  ...{ epoch: "", offset: 0, first: 1, entriesUntil: 0, until: 0 },
  ...{ version: 0, versionEpoch: "", base: 0, low: 1, due: 0 }
}

export class Draft {
  readonly appended: Array<ChannelPublication> = []
  readonly #known: boolean
  #record: StreamRecord
  #isChanged = false
  #isGone = false

  constructor(readonly stream: DurableStream) {
    const { record, until } = stream
    this.#known = record !== undefined
    this.#record = record === undefined ? UNKNOWN : { ...record, until: Math.max(until, record.until) }
    // One that was begun and could not be written is written with whatever comes next.
    this.#isChanged = record !== stream.saved
  }

  get record(): StreamRecord {
    return this.#record
  }

  /** Lets go of the entries that are over. */
  expire(now: number): void {
    const { first, offset, entriesUntil, until } = this.#record
    if (first <= offset && (entriesUntil <= now || until <= now)) this.clear()
  }

  /** The stream is needed: one that is over is begun anew. */
  open(now: number): void {
    this.expire(now)
    const { until, base, offset, low, due } = this.#record
    const { generation } = this.stream
    if (until <= now)
      this.#change({ ...UNKNOWN, epoch: makeEpoch(), base: base + offset, low, due, generation })
  }

  /** It is kept for its time from now, and never less long than its entries. */
  touch(until: number): void {
    this.#change({ until: Math.max(until, this.#record.entriesUntil, this.#record.until) })
  }

  append(publication: ChannelPublication, now: number, { size, ttlMs, metaTtlMs }: StreamOptions): void {
    this.appended.push(publication)
    this.#change({
      offset: publication.offset,
      first: Math.max(this.#record.first, publication.offset - size + 1),
      entriesUntil: now + ttlMs
    })
    this.touch(now + metaTtlMs)
  }

  /** False where a publication of this version is not newer than what was published. A new `versionEpoch` begins anew. */
  takeVersion(version: number, versionEpoch: string): boolean {
    const known = this.#record
    if (versionEpoch === known.versionEpoch && version <= known.version) return false
    this.#change({ version, versionEpoch })
    return true
  }

  clear(): void {
    const { first, offset } = this.#record
    if (first <= offset) this.#change({ first: offset + 1 })
  }

  /** Whether a publication with the key is a repetition. */
  knows(key: KeyRecord | undefined, now: number): key is KeyRecord {
    if (key === undefined) return false
    return key.until > now || this.keeps(key, now)
  }

  /** Whether the publication that came with the key stands in the history. */
  keeps({ epoch, offset }: KeyRecord, now: number): boolean {
    const { entriesUntil, until, first, epoch: own } = this.#record
    return epoch === own && offset >= first && entriesUntil > now && until > now
  }

  /** Removes what is over, and the stream itself with its last entry. True where nothing is left to be removed now. */
  look(now: number): boolean {
    if (!this.#known) return true
    this.expire(now)
    this.#isChanged = true
    const { until, base, first } = this.#record
    const isClean = this.#removable() >= base + first
    this.#isGone = isClean && until <= now
    return isClean
  }

  /** What is to be written, and how the stream stands then; undefined: there is none any more. */
  finish(now: number): { readonly writes: Array<Write>; readonly record: StreamRecord | undefined } {
    const { name } = this.stream
    const { base, low, due } = this.#record
    const writes = this.appended.map((publication) =>
      put(ENTRIES, [name, base + publication.offset], entryValue(publication))
    )
    if (!this.#isChanged) return { writes, record: this.#known ? this.#record : undefined }
    const end = this.#removable()
    for (let place = low; place < end; place++) writes.push(remove(ENTRIES, [name, place]))
    // When the stream's entry among what is due is looked at; undefined: it has none.
    const lookAt = due === 0 ? undefined : due
    if (this.#isGone) {
      writes.push(remove(STREAMS, [name]))
      if (lookAt !== undefined) writes.push(remove(DUE, [lookAt, name]))
      return { writes, record: undefined }
    }
    this.#record = { ...this.#record, low: Math.max(low, end) }
    const next = this.#nextLook(now)
    // It is moved only where it would come too late, or has come: one that comes too early finds nothing to do and moves on by itself, which
    // is cheaper than to move it with every publication.
    if (lookAt === undefined || next < lookAt || lookAt <= minuteAfter(now) - 1) {
      if (next !== lookAt) writes.push(...moveDue(lookAt, next, name))
      this.#record = { ...this.#record, due: next }
    }
    writes.push(put(STREAMS, [name], this.#record))
    return { writes, record: this.#record }
  }

  /**
   * Up to where entries may be removed now. Only what readers do not know of any more: what a commit drops is removed by a later one, so that
   * whatever a reading finds to be kept when it ends was there when it began.
   */
  #removable(): number {
    const { base, first, low } = this.#record
    const known = this.stream.saved
    const dropped = known === undefined ? low : known.base + known.first
    return Math.min(dropped, base + first, low + MAX_REMOVALS)
  }

  #nextLook(now: number): number {
    const { base, first, offset, low, entriesUntil, until } = this.#record
    if (base + first - low > LEFT_REMOVALS) return minuteAfter(now)
    return minuteAfter(first <= offset ? Math.min(entriesUntil, until) : until)
  }

  #change(change: Partial<StreamRecord>): void {
    this.#record = { ...this.#record, ...change }
    this.#isChanged = true
    // Whoever looked at it before in the same commit found it over; now it is in use again.
    this.#isGone = false
  }
}
