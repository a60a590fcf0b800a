/**
 * HOT PATH. History in the memory of one process: an append is one synchronous step, so that atomicity and order need no further care. What it
 * keeps ends with the process; streams that are begun anew have another epoch, and clients are told so.
 */
import * as Effect from "effect/Effect"
import { ChannelEvent, type StreamPosition } from "../hot/ChannelEvent.ts"
import { Delivery } from "../hot/Publication.ts"
import { ownBytes } from "../ownBytes.ts"
import type {
  EntryOptions,
  History,
  HistoryFilter,
  HistoryStore,
  Published,
  StreamOptions
} from "./HistoryStore.ts"
import { IdempotencyKeys } from "./IdempotencyKeys.ts"
import { publicationOf } from "./publicationOf.ts"
import { type StreamBounds, Streams } from "./Streams.ts"

/** What is kept in memory at most. */
export interface MemoryBounds extends StreamBounds {
  /** Of all channels. Beyond it the older half is forgotten before its five minutes: a repetition is then published again. */
  readonly idempotencyKeys: number
}

export const memoryBounds: MemoryBounds = {
  streams: 2_000_000,
  historyBytes: 2 ** 30,
  idempotencyKeys: 1_000_000
}

export class MemoryHistory {
  publications = 0
  suppressed = 0
  readonly #streams: Streams
  readonly #keys: IdempotencyKeys

  /**
   * @param tell is given each entry, and each publication that is not kept, in their order
   * @param now milliseconds since the epoch
   */
  constructor(
    readonly tell: (event: ChannelEvent) => void,
    readonly now: () => number,
    bounds: MemoryBounds = memoryBounds
  ) {
    this.#streams = new Streams(bounds)
    this.#keys = new IdempotencyKeys(bounds.idempotencyKeys)
  }

  get streams(): number {
    return this.#streams.size
  }

  get entries(): number {
    return this.#streams.entries
  }

  get historyBytes(): number {
    return this.#streams.bytes
  }

  get evictions(): number {
    return this.#streams.evictions
  }

  get idempotencyKeys(): number {
    return this.#keys.size
  }

  /** @param keep undefined: it is told and not kept, but for its idempotency key */
  append(
    channel: string,
    data: Uint8Array,
    keep: StreamOptions | undefined,
    options: EntryOptions
  ): Published {
    const now = this.now()
    const key = options.idempotencyKey ?? ""
    const known = key === "" ? undefined : this.#keys.find(channel, key, now)
    if (known !== undefined) return this.#suppress(known)
    const published =
      keep === undefined
        ? this.#pass(channel, data, options, now)
        : this.#append(channel, data, options, keep, now)
    if (key !== "" && !published.isSuppressed) this.#keys.remember(channel, key, published, now)
    return published
  }

  read(channel: string, filter: HistoryFilter, options: StreamOptions): History {
    const stream = this.#streams.open(channel, options, this.now())
    return { offset: stream.offset, epoch: stream.epoch, publications: stream.select(filter) }
  }

  clear(channel: string): void {
    const stream = this.#streams.find(channel, this.now())
    if (stream !== undefined) this.#streams.clear(stream)
  }

  /** Removes what is over, of `most` streams. True when a round is done; the next call begins another one. */
  sweep(most: number): boolean {
    const now = this.now()
    this.#keys.expire(now)
    return this.#streams.sweep(most, now)
  }

  /** A publication of a channel without history. */
  #pass(channel: string, data: Uint8Array, options: EntryOptions, now: number): Published {
    this.publications++
    const { delivery = new Delivery() } = options
    this.tell(new ChannelEvent("publication", channel, publicationOf(0, data, options, now), "", delivery))
    return { offset: 0, epoch: "", isSuppressed: false }
  }

  #append(
    channel: string,
    data: Uint8Array,
    options: EntryOptions,
    keep: StreamOptions,
    now: number
  ): Published {
    const stream = this.#streams.open(channel, keep, now)
    const { version = 0, versionEpoch = "" } = options
    if (version !== 0 && !stream.takeVersion(version, versionEpoch)) return this.#suppress(stream)
    const publication = publicationOf(stream.offset + 1, ownBytes(data), options, now)
    this.#streams.append(stream, publication, keep, now)
    this.publications++
    const { delivery = new Delivery() } = options
    this.tell(new ChannelEvent("publication", channel, publication, stream.epoch, delivery))
    return { offset: publication.offset, epoch: stream.epoch, isSuppressed: false }
  }

  #suppress({ offset, epoch }: StreamPosition): Published {
    this.suppressed++
    return { offset, epoch, isSuppressed: true }
  }
}

/** The same as the contract has it. */
export const asHistoryStore = (memory: MemoryHistory): HistoryStore<never> => ({
  append: (channel, data, stream, options) =>
    Effect.sync(() => memory.append(channel, data, stream, options)),
  read: (channel, filter, stream) => Effect.sync(() => memory.read(channel, filter, stream)),
  clear: (channel) => Effect.sync(() => memory.clear(channel))
})
