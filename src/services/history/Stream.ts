/**
 * One channel's stream in memory: its position, the newest publications, and the last version.
 *
 * The entries stand in a ring by their offsets, which follow each other without a gap. The ring grows with what is in it: most streams of
 * a server with many channels hold one publication, or none.
 */
import type { ChannelPublication, StreamPosition } from "../hot/ChannelEvent.ts"
import { makeEpoch } from "./epoch.ts"
import type { HistoryFilter, StreamOptions } from "./HistoryStore.ts"
import { wantedOf } from "./wanted.ts"

/** What an entry takes beside its data: the publication, its bytes' header and buffer, its place in the ring. Measured on Node 20. */
export const ENTRY_BYTES = 400

const EMPTY: ReadonlyArray<ChannelPublication | undefined> = []

export class Stream implements StreamPosition {
  readonly epoch = makeEpoch()
  /** Of the newest publication, whether it is still an entry or not. */
  offset = 0
  /** Entries now, and the bytes that they take. */
  size = 0
  bytes = 0
  /** When the entries end, and when the stream itself does: milliseconds since the epoch. */
  entriesUntil = 0
  until = 0
  #version = 0
  #versionEpoch = ""
  /** The entry of an offset stands at its remainder; the length is a power of two, or 0. */
  #ring = EMPTY as Array<ChannelPublication | undefined>

  constructor(readonly channel: string) {}

  /** It is used: it stays for its time from now, and never less long than its entries. */
  touch(now: number, options: StreamOptions): void {
    this.until = Math.max(now + options.metaTtlMs, this.entriesUntil)
  }

  /** Takes the next offset, which the publication has. */
  append(publication: ChannelPublication, now: number, options: StreamOptions): void {
    while (this.size >= options.size) this.#dropOldest()
    if (this.size === this.#ring.length) this.#grow()
    this.offset = publication.offset
    this.#ring[this.#place(this.offset)] = publication
    this.size++
    this.bytes += publication.data.byteLength + ENTRY_BYTES
    this.entriesUntil = now + options.ttlMs
  }

  /** False where a publication of this version is not newer than what was published. A new `versionEpoch` begins anew. */
  takeVersion(version: number, versionEpoch: string): boolean {
    if (versionEpoch === this.#versionEpoch && version <= this.#version) return false
    this.#version = version
    this.#versionEpoch = versionEpoch
    return true
  }

  /** Removes the entries; the position stays. */
  clear(): void {
    this.#ring = EMPTY as Array<ChannelPublication | undefined>
    this.size = 0
    this.bytes = 0
  }

  select(filter: HistoryFilter): ReadonlyArray<ChannelPublication> {
    const { from, to } = wantedOf(this, this.offset - this.size + 1, filter)
    const found: Array<ChannelPublication> = []
    if (filter.isReverse === true)
      for (let at = to; at >= from; at--) found.push(this.#ring[this.#place(at)]!)
    else for (let at = from; at <= to; at++) found.push(this.#ring[this.#place(at)]!)
    return found
  }

  #place(offset: number): number {
    return offset & (this.#ring.length - 1)
  }

  #dropOldest(): void {
    const place = this.#place(this.offset - this.size + 1)
    this.bytes -= this.#ring[place]!.data.byteLength + ENTRY_BYTES
    this.#ring[place] = undefined
    this.size--
  }

  #grow(): void {
    const old = this.select({ limit: -1 })
    this.#ring = new Array(Math.max(1, this.#ring.length * 2)).fill(undefined)
    for (const publication of old) this.#ring[this.#place(publication.offset)] = publication
  }
}
