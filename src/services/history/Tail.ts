/** The newest entries of a stream that is kept elsewhere, those of them that are in memory: without a gap, up to the stream's newest one. */
import type { ChannelPublication } from "../hot/ChannelEvent.ts"
import { ENTRY_BYTES } from "./Stream.ts"

const sizeOf = (publications: ReadonlyArray<ChannelPublication>): number =>
  publications.reduce((sum, { data }) => sum + data.byteLength + ENTRY_BYTES, 0)

export class Tail {
  bytes = 0
  #entries: Array<ChannelPublication> = []
  /** How many at the beginning are dropped already; they are cut off when they are half of all. */
  #dropped = 0

  get size(): number {
    return this.#entries.length - this.#dropped
  }

  /** Offset of the oldest one; undefined where it is empty. */
  get first(): number | undefined {
    return this.#entries[this.#dropped]?.offset
  }

  append(publications: ReadonlyArray<ChannelPublication>): void {
    for (const publication of publications) this.#entries.push(publication)
    this.bytes += sizeOf(publications)
  }

  /** @param publications those right before the first one */
  prepend(publications: ReadonlyArray<ChannelPublication>): void {
    this.#entries = [...publications, ...this.#entries.slice(this.#dropped)]
    this.#dropped = 0
    this.bytes += sizeOf(publications)
  }

  dropBefore(offset: number): void {
    const first = this.first
    if (first === undefined || first >= offset) return
    const drop = Math.min(offset - first, this.size)
    this.bytes -= sizeOf(this.#entries.slice(this.#dropped, this.#dropped + drop))
    this.#dropped += drop
    if (this.#dropped * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#dropped)
    this.#dropped = 0
  }

  clear(): void {
    this.#entries = []
    this.#dropped = 0
    this.bytes = 0
  }

  /** Both included; what is not there is left out. */
  between(from: number, to: number): Array<ChannelPublication> {
    const first = this.first
    if (first === undefined || to < from) return []
    const start = this.#dropped - first
    return this.#entries.slice(Math.max(start + from, this.#dropped), Math.max(start + to + 1, this.#dropped))
  }
}
