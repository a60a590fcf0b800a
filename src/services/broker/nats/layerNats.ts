/** The broker of a node that NATS joins with others. The server's own channels, which tell of this node alone, stay in it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../../config/ServerConfig.ts"
import { durableNamespaces } from "../../channels/durableNamespaces.ts"
import { historyNamespaces } from "../../channels/historyNamespaces.ts"
import { isOwnChannel } from "../../channels/ownChannels.ts"
import type { ChannelEvent } from "../../hot/ChannelEvent.ts"
import { Metrics } from "../../Metrics.ts"
import { NatsLink, NatsUnreachable } from "../../nats/NatsLink.ts"
import { Broker } from "../Broker.ts"
import { brokerSamples } from "../brokerSamples.ts"
import { makeEmbedded } from "../EmbeddedBroker.ts"
import { makeNats } from "./NatsBroker.ts"
import { ForeignDeliveries, InterestKnown, NodeCount } from "./natsBrokerOptions.ts"
import { natsBrokerSamples } from "./natsBrokerSamples.ts"

/** Own channels to the one, all others to the other. */
const split = (own: Broker["Service"], others: Broker["Service"]): Broker["Service"] => {
  const of = (channel: string) => (isOwnChannel(channel) ? own : others)
  return Broker.of({
    publish: (channel, data, options) => of(channel).publish(channel, data, options),
    announce: (kind, channel, info) => of(channel).announce(kind, channel, info),
    subscribe: (channel) => of(channel).subscribe(channel),
    unsubscribe: (channel) => of(channel).unsubscribe(channel),
    history: (channel, filter, stream) => of(channel).history(channel, filter, stream),
    removeHistory: (channel) => of(channel).removeHistory(channel)
  })
}

/** @param deliver takes each event to the subscribers of this node, in this order */
export const layerNats = (deliver: (event: ChannelEvent) => void) =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const config = yield* ServerConfig
      const { nats } = config.broker
      const link = yield* NatsLink
      const metrics = yield* Metrics
      const embedded = yield* makeEmbedded(deliver, {}, durableNamespaces(config.channels))
      const { broker, figures } = yield* makeNats(deliver, {
        replicas: nats.replicas,
        storage: nats.storage,
        namespaces: historyNamespaces(config),
        foreign: yield* ForeignDeliveries,
        interestKnown: yield* InterestKnown,
        nodes: yield* NodeCount,
        startTimeout: nats.connectTimeout
      }).pipe(Effect.mapError(({ detail }) => new NatsUnreachable({ servers: nats.servers, detail })))
      yield* metrics.register(Effect.sync(() => brokerSamples(embedded.figures, figures)))
      yield* metrics.register(Effect.sync(() => natsBrokerSamples(figures)))
      yield* Effect.logInfo(`joined with other nodes by NATS at ${link.connection.getServer()}`)
      return split(embedded.broker, broker)
    })
  ).pipe(Layer.provide(NatsLink.layer))
