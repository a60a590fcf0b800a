/**
 * The streams of all channels in memory, within bounds.
 *
 * What is over is found when its channel is used next, and by a sweep that goes round all streams, a bounded number in one turn of the event
 * loop. A stream has no timer and stands in no queue: beside its entries it takes about 300 bytes.
 */
import type { ChannelPublication } from "../hot/ChannelEvent.ts"
import type { StreamOptions } from "./HistoryStore.ts"
import { Stream } from "./Stream.ts"

export interface StreamBounds {
  /** At least 1. Beyond it a stream that was not used for long is forgotten: its channel begins another one. */
  readonly streams: number
  /** Bytes of all entries. Beyond it, entries of streams that were not used for long go before their time. */
  readonly historyBytes: number
}

/** Streams that are compared to find one that was not used for long. */
const SAMPLE = 8
/** Streams that may lose their entries to make room for one publication; if that is not enough, its own stream does. */
const MAX_EVICTIONS = 32

export class Streams {
  /** Of all streams, and the bytes that they take. */
  entries = 0
  bytes = 0
  /** Streams that lost their entries, or all, because a bound was reached. */
  evictions = 0
  readonly #streams = new Map<string, Stream>()
  /** Where the sweep is in its round, and where a stream to evict is looked for. */
  #sweeping: Iterator<Stream> | undefined
  #hand: Iterator<Stream> | undefined

  constructor(readonly bounds: StreamBounds) {}

  get size(): number {
    return this.#streams.size
  }

  /** The channel's stream, which is begun if need be. It counts as used. */
  open(channel: string, options: StreamOptions, now: number): Stream {
    let stream = this.find(channel, now)
    if (stream === undefined) {
      if (this.#streams.size >= this.bounds.streams) this.#evict()
      stream = new Stream(channel)
      this.#streams.set(channel, stream)
    }
    stream.touch(now, options)
    return stream
  }

  find(channel: string, now: number): Stream | undefined {
    const stream = this.#streams.get(channel)
    return stream === undefined || this.#expire(stream, now) ? undefined : stream
  }

  append(stream: Stream, publication: ChannelPublication, options: StreamOptions, now: number): void {
    const { size, bytes } = stream
    stream.append(publication, now, options)
    stream.touch(now, options)
    this.entries += stream.size - size
    this.bytes += stream.bytes - bytes
    if (this.bytes > this.bounds.historyBytes) this.#makeRoom(stream)
  }

  /** Removes the entries; the position stays. */
  clear(stream: Stream): void {
    this.entries -= stream.size
    this.bytes -= stream.bytes
    stream.clear()
  }

  /** Removes what is over of the next `most` streams. True when the round is done; the next call begins another one. */
  sweep(most: number, now: number): boolean {
    this.#sweeping ??= this.#streams.values()
    for (let looked = 0; looked < most; looked++) {
      const next = this.#sweeping.next()
      if (next.done === true) {
        this.#sweeping = undefined
        return true
      }
      this.#expire(next.value, now)
    }
    return false
  }

  /** Removes what is over; true if the stream itself is. */
  #expire(stream: Stream, now: number): boolean {
    if (stream.size > 0 && stream.entriesUntil <= now) this.clear(stream)
    if (stream.until > now) return false
    this.#streams.delete(stream.channel)
    return true
  }

  #evict(): void {
    const stream = this.#coldest()
    this.clear(stream)
    this.#streams.delete(stream.channel)
    this.evictions++
  }

  #makeRoom(own: Stream): void {
    for (let turn = 0; turn < MAX_EVICTIONS && this.bytes > this.bounds.historyBytes; turn++) {
      const stream = this.#coldest()
      if (stream.size > 0) this.#strip(stream)
    }
    if (this.bytes > this.bounds.historyBytes) this.#strip(own)
  }

  #strip(stream: Stream): void {
    this.clear(stream)
    this.evictions++
  }

  /** Of the next few streams, the one that would end first; there is at least one. */
  #coldest(): Stream {
    let coldest: Stream | undefined
    for (let seen = 0; seen < SAMPLE; seen++) {
      this.#hand ??= this.#streams.values()
      const next = this.#hand.next()
      if (next.done === true) this.#hand = undefined
      else if (coldest === undefined || next.value.until < coldest.until) coldest = next.value
    }
    return coldest!
  }
}
