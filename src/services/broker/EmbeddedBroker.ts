/**
 * The broker inside the service: the options of a channel say which history store keeps its publications, and what is told there goes to the
 * subscribers, in the same order.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { makeFailureLog } from "../failureLog.ts"
import { type DurableBounds, DurableHistory, durableBounds } from "../history/durable/DurableHistory.ts"
import { Generations, type Namespaces, noNamespaces } from "../history/durable/Generations.ts"
import type { HistoryUnavailable } from "../history/HistoryStore.ts"
import { asHistoryStore, type MemoryBounds, MemoryHistory, memoryBounds } from "../history/MemoryHistory.ts"
import { publicationOf } from "../history/publicationOf.ts"
import { ChannelEvent } from "../hot/ChannelEvent.ts"
import { Delivery } from "../hot/Publication.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { Store } from "../store/Store.ts"
import { Broker, BrokerUnavailable } from "./Broker.ts"
import { brokerSamples } from "./brokerSamples.ts"

/** Time between two rounds over what may be over: memory and disk are free that much later at most. */
const SWEEP_INTERVAL = "1 minute"
/** Streams in memory that are looked at in one turn of the event loop: 0.2 ms. */
const SWEEP_TURN = 1000

const NO_DATA = new Uint8Array(0)

export interface EmbeddedBounds {
  readonly memory?: Partial<MemoryBounds>
  readonly durable?: Partial<DurableBounds>
}

const unavailable = ({ detail }: HistoryUnavailable) => new BrokerUnavailable({ detail })

/** History over the store, which ends with the scope: what waits is written before. */
export const makeDurable = Effect.fnUntraced(function* (
  deliver: (event: ChannelEvent) => void,
  bounds: Partial<DurableBounds> = {},
  namespaces: Namespaces = noNamespaces
) {
  const failed = makeFailureLog("durable history cannot be written")
  const store = yield* Store
  const generations = yield* Generations.load(store, namespaces)
  // Before anything is published; where the store cannot take it now, each sweep tries again.
  yield* Effect.catch(generations.save, ({ message }) => failed(message))
  const durable = new DurableHistory(store, deliver, yield* makeNow, failed, generations, {
    ...durableBounds,
    ...bounds
  })
  yield* Effect.acquireRelease(forkLongLived("durable history", durable.writer.run), (writing) =>
    Effect.andThen(
      Effect.sync(() => durable.writer.close()),
      Effect.asVoid(Fiber.await(writing))
    )
  )
  const round = Effect.catch(durable.sweep, ({ message }) => failed(message))
  yield* forkLongLived(
    "sweep of durable history",
    Effect.forever(Effect.andThen(Effect.sleep(SWEEP_INTERVAL), round))
  )
  return durable
})

/**
 * @param deliver takes each event to the subscribers, in this order
 * @param namespaces those of the configuration
 */
export const makeEmbedded = Effect.fnUntraced(function* (
  deliver: (event: ChannelEvent) => void,
  bounds: EmbeddedBounds = {},
  namespaces: Namespaces = noNamespaces
) {
  const now = yield* makeNow
  const durable = yield* makeDurable(deliver, bounds.durable, namespaces)
  // What has no history may be of a channel whose publications are on their way to the disk.
  const tell = (event: ChannelEvent) => (event.epoch === "" ? durable.follow(event) : deliver(event))
  const memory = new MemoryHistory(tell, now, { ...memoryBounds, ...bounds.memory })
  const inMemory = asHistoryStore(memory)
  const round = Effect.gen(function* () {
    while (!memory.sweep(SWEEP_TURN)) yield* Effect.yieldNow
  })
  yield* forkLongLived(
    "sweep of history",
    Effect.forever(Effect.andThen(Effect.sleep(SWEEP_INTERVAL), round))
  )
  const broker = Broker.of({
    publish: (channel, data, options) =>
      options.stream?.isDurable === true
        ? Effect.mapError(durable.append(channel, data, options.stream, options), unavailable)
        : Effect.sync(() => memory.append(channel, data, options.stream, options)),
    announce: (kind, channel, info) =>
      Effect.sync(() =>
        tell(new ChannelEvent(kind, channel, publicationOf(0, NO_DATA, { info }, now()), "", new Delivery()))
      ),
    // Every event goes to this process' hub anyway.
    subscribe: () => Effect.void,
    unsubscribe: () => Effect.void,
    history: (channel, filter, stream) =>
      stream.isDurable === true
        ? Effect.mapError(durable.read(channel, filter, stream), unavailable)
        : inMemory.read(channel, filter, stream),
    removeHistory: (channel) =>
      Effect.andThen(inMemory.clear(channel), Effect.mapError(durable.clear(channel), unavailable))
  })
  return { broker, figures: { memory, durable } }
})

/** The same as a layer, with its figures among the metrics. */
export const layerEmbedded = (
  deliver: (event: ChannelEvent) => void,
  bounds: EmbeddedBounds = {},
  namespaces: Namespaces = noNamespaces
) =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { broker, figures } = yield* makeEmbedded(deliver, bounds, namespaces)
      yield* (yield* Metrics).register(Effect.sync(() => brokerSamples(figures)))
      return broker
    })
  )
