/**
 * The broker in the memory of one process: a publication is one synchronous step, so that atomicity and order need no further care. What it
 * keeps ends with the process; streams that are begun anew have another epoch, and clients are told so.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import { ChannelEvent, type ChannelPublication, type StreamPosition } from "../hot/ChannelEvent.ts"
import { Delivery } from "../hot/Publication.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { ownBytes } from "../ownBytes.ts"
import {
  Broker,
  type History,
  type HistoryFilter,
  type Published,
  type PublishOptions,
  type StreamOptions
} from "./Broker.ts"
import { type BrokerFigures, brokerSamples } from "./brokerSamples.ts"
import { IdempotencyKeys } from "./IdempotencyKeys.ts"
import { type StreamBounds, Streams } from "./Streams.ts"

/** What the memory broker keeps at most. */
export interface MemoryBounds extends StreamBounds {
  /** Of all channels. Beyond it the older half is forgotten before its five minutes: a repetition is then published again. */
  readonly idempotencyKeys: number
}

export const memoryBounds: MemoryBounds = {
  streams: 2_000_000,
  historyBytes: 2 ** 30,
  idempotencyKeys: 1_000_000
}

/** Time between two rounds over all streams: the memory of what is over is free that much later at most. */
const SWEEP_INTERVAL = "1 minute"
/** Streams that are looked at in one turn of the event loop: 0.2 ms. */
const SWEEP_TURN = 1000

const NO_DATA = new Uint8Array(0)

export class MemoryBroker implements BrokerFigures {
  publications = 0
  suppressed = 0
  readonly #streams: Streams
  readonly #keys: IdempotencyKeys

  /**
   * @param deliver takes each event to the subscribers, in this order
   * @param now milliseconds since the epoch
   */
  constructor(
    readonly deliver: (event: ChannelEvent) => void,
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

  publish(channel: string, data: Uint8Array, options: PublishOptions): Published {
    const now = this.now()
    const key = options.idempotencyKey ?? ""
    const known = key === "" ? undefined : this.#keys.find(channel, key, now)
    if (known !== undefined) return this.#suppress(known)
    const published =
      options.stream === undefined
        ? this.#pass(channel, data, options, now)
        : this.#append(channel, data, options, options.stream, now)
    if (key !== "" && !published.isSuppressed) this.#keys.remember(channel, key, published, now)
    return published
  }

  announce(kind: "join" | "leave", channel: string, info: ClientInfo): void {
    this.#deliver(kind, channel, publicationOf(0, NO_DATA, { stream: undefined, info }, this.now()), "")
  }

  history(channel: string, filter: HistoryFilter, options: StreamOptions): History {
    const stream = this.#streams.open(channel, options, this.now())
    return { offset: stream.offset, epoch: stream.epoch, publications: stream.select(filter) }
  }

  removeHistory(channel: string): void {
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
  #pass(channel: string, data: Uint8Array, options: PublishOptions, now: number): Published {
    this.publications++
    this.#deliver("publication", channel, publicationOf(0, data, options, now), "", options.delivery)
    return { offset: 0, epoch: "", isSuppressed: false }
  }

  #append(
    channel: string,
    data: Uint8Array,
    options: PublishOptions,
    keep: StreamOptions,
    now: number
  ): Published {
    const stream = this.#streams.open(channel, keep, now)
    const { version = 0, versionEpoch = "" } = options
    if (version !== 0 && !stream.takeVersion(version, versionEpoch)) return this.#suppress(stream)
    const publication = publicationOf(stream.offset + 1, ownBytes(data), options, now)
    this.#streams.append(stream, publication, keep, now)
    this.publications++
    this.#deliver("publication", channel, publication, stream.epoch, options.delivery)
    return { offset: publication.offset, epoch: stream.epoch, isSuppressed: false }
  }

  #suppress({ offset, epoch }: StreamPosition): Published {
    this.suppressed++
    return { offset, epoch, isSuppressed: true }
  }

  #deliver(
    kind: ChannelEvent["kind"],
    channel: string,
    publication: ChannelPublication,
    epoch: string,
    delivery: Delivery = new Delivery()
  ): void {
    this.deliver(new ChannelEvent(kind, channel, publication, epoch, delivery))
  }
}

const publicationOf = (
  offset: number,
  data: Uint8Array,
  { info, tags, isDelta = false }: PublishOptions,
  now: number
): ChannelPublication => ({ offset, data, info, tags, isDelta, time: Math.floor(now) })

/** @param deliver takes each event to the subscribers, in this order */
export const makeMemory = Effect.fnUntraced(function* (
  deliver: (event: ChannelEvent) => void,
  bounds: MemoryBounds = memoryBounds
) {
  const memory = new MemoryBroker(deliver, yield* makeNow, bounds)
  const round = Effect.gen(function* () {
    while (!memory.sweep(SWEEP_TURN)) yield* Effect.yieldNow
  })
  yield* forkLongLived("broker sweep", Effect.forever(Effect.andThen(Effect.sleep(SWEEP_INTERVAL), round)))
  const figures: BrokerFigures = memory
  const broker = Broker.of({
    publish: (channel, data, options) => Effect.sync(() => memory.publish(channel, data, options)),
    announce: (kind, channel, info) => Effect.sync(() => memory.announce(kind, channel, info)),
    // Every event goes to this process' hub anyway.
    subscribe: () => Effect.void,
    unsubscribe: () => Effect.void,
    history: (channel, filter, stream) => Effect.sync(() => memory.history(channel, filter, stream)),
    removeHistory: (channel) => Effect.sync(() => memory.removeHistory(channel))
  })
  return { broker, figures }
})

/** The same as a layer, with its figures among the metrics. */
export const layerMemory = (deliver: (event: ChannelEvent) => void, bounds: MemoryBounds = memoryBounds) =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { broker, figures } = yield* makeMemory(deliver, bounds)
      yield* (yield* Metrics).register(Effect.sync(() => brokerSamples(figures)))
      return broker
    })
  )
