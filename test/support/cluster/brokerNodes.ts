/** Nodes of one cluster in this process, each with a broker, each at a NATS server of its own. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broker } from "../../../src/services/broker/Broker.ts"
import { makeNats } from "../../../src/services/broker/nats/NatsBroker.ts"
import { InterestKnown, type NatsBrokerOptions } from "../../../src/services/broker/nats/natsBrokerOptions.ts"
import * as Interest from "../../../src/services/cluster/interest.ts"
import { Received } from "../broker/Received.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { known, startNode } from "./nodes.ts"

/** Channels that begin so have history; others have none. */
export const KEPT = "kept"
const namespaces: NatsBrokerOptions["namespaces"] = {
  histories: [{ name: KEPT, size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }],
  of: (channel) => (channel.startsWith(KEPT) ? KEPT : "")
}

class NodeBroker extends Context.Service<
  NodeBroker,
  { readonly broker: Broker["Service"]; readonly received: Received }
>()("test/NodeBroker") {
  /** @param waits until other NATS servers know of a subscription */
  static readonly layer = (waits: boolean) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const received = new Received()
        const { broker } = yield* makeNats(received.deliver, {
          replicas: 1,
          storage: "memory",
          namespaces,
          interestKnown: waits ? yield* InterestKnown : Effect.void
        }).pipe(Effect.orDie)
        return { broker, received }
      })
    ).pipe(Layer.provideMerge(Interest.layer))
}

/** It beats so seldom that it is heard of when it comes, and when it ends. */
export const startBrokerNode = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  name: string,
  waits = true
) {
  const node = yield* startNode(servers, name, NodeBroker.layer(waits), "1 hour")
  return { ...node, ...Context.get(node.context, NodeBroker) }
})
export type BrokerNode = Effect.Success<ReturnType<typeof startBrokerNode>>

/** One at each server, which know each other. */
export const startBrokerNodes = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  waits = true
) {
  const nodes = yield* Effect.forEach(servers, (server, at) => startBrokerNode([server], `node-${at}`, waits))
  for (const { roster } of nodes) yield* known(roster, nodes.length - 1)
  return nodes
})
