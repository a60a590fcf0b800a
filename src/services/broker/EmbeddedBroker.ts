/**
 * The broker inside the service: the options of a channel say which history store keeps its publications, and what is told there goes to the
 * subscribers, in the same order.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { asHistoryStore, type MemoryBounds, MemoryHistory, memoryBounds } from "../history/MemoryHistory.ts"
import { publicationOf } from "../history/publicationOf.ts"
import { ChannelEvent } from "../hot/ChannelEvent.ts"
import { Delivery } from "../hot/Publication.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { Broker } from "./Broker.ts"
import { type BrokerFigures, brokerSamples } from "./brokerSamples.ts"

/** Time between two rounds over all streams: the memory of what is over is free that much later at most. */
const SWEEP_INTERVAL = "1 minute"
/** Streams that are looked at in one turn of the event loop: 0.2 ms. */
const SWEEP_TURN = 1000

const NO_DATA = new Uint8Array(0)

/** @param deliver takes each event to the subscribers, in this order */
export const makeEmbedded = Effect.fnUntraced(function* (
  deliver: (event: ChannelEvent) => void,
  bounds: MemoryBounds = memoryBounds
) {
  const now = yield* makeNow
  const memory = new MemoryHistory(deliver, now, bounds)
  const store = asHistoryStore(memory)
  const round = Effect.gen(function* () {
    while (!memory.sweep(SWEEP_TURN)) yield* Effect.yieldNow
  })
  yield* forkLongLived("broker sweep", Effect.forever(Effect.andThen(Effect.sleep(SWEEP_INTERVAL), round)))
  const figures: BrokerFigures = memory
  const broker = Broker.of({
    publish: (channel, data, options) =>
      Effect.sync(() => memory.append(channel, data, options.stream, options)),
    announce: (kind, channel, info) =>
      Effect.sync(() =>
        deliver(
          new ChannelEvent(kind, channel, publicationOf(0, NO_DATA, { info }, now()), "", new Delivery())
        )
      ),
    // Every event goes to this process' hub anyway.
    subscribe: () => Effect.void,
    unsubscribe: () => Effect.void,
    history: store.read,
    removeHistory: store.clear
  })
  return { broker, figures }
})

/** The same as a layer, with its figures among the metrics. */
export const layerEmbedded = (deliver: (event: ChannelEvent) => void, bounds: MemoryBounds = memoryBounds) =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { broker, figures } = yield* makeEmbedded(deliver, bounds)
      yield* (yield* Metrics).register(Effect.sync(() => brokerSamples(figures)))
      return broker
    })
  )
