/** Nodes of one cluster in this process, each with a broker, each at a NATS server of its own. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Broker } from "../../../src/services/broker/Broker.ts"
import { makeNats } from "../../../src/services/broker/nats/NatsBroker.ts"
import { InterestKnown, type NatsBrokerOptions } from "../../../src/services/broker/nats/natsBrokerOptions.ts"
import * as Interest from "../../../src/services/cluster/interest.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { Received } from "../broker/Received.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { linkTo } from "../nats/natsLink.ts"
import { answerAt, reach } from "../nats/reach.ts"
import { known, startNode, type TestNode } from "./nodes.ts"

/** Channels that begin so have history; others have none. */
export const KEPT = "kept"
const namespaces: NatsBrokerOptions["namespaces"] = {
  histories: [{ name: KEPT, size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }],
  of: (channel) => (channel.startsWith(KEPT) ? KEPT : "")
}

/** However busy the machine is: servers agree on who leads, and nobody is passed over. */
const PATIENTLY = Duration.seconds(30)

class NodeBroker extends Context.Service<
  NodeBroker,
  { readonly broker: Broker["Service"]; readonly received: Received }
>()("test/NodeBroker") {
  /** @param waits until other NATS servers know of a subscription: for so long at most; false: it does not */
  static readonly layer = (waits: Duration.Input | false) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const received = new Received()
        const { broker } = yield* makeNats(received.deliver, {
          replicas: 1,
          storage: "memory",
          namespaces,
          startTimeout: PATIENTLY,
          interestKnown: waits === false ? Effect.void : yield* InterestKnown
        }).pipe(Effect.orDie)
        return { broker, received }
      })
    ).pipe(Layer.provideMerge(Interest.layer(waits === false ? undefined : waits)))
}

const thereOf = ({ uid }: Pick<TestNode<never>, "uid">) => `there.${uid}`

/** It beats so seldom that it is heard of when it comes, and when it ends. */
export const startBrokerNode = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  name: string,
  waits: Duration.Input | false = PATIENTLY
) {
  const node = yield* startNode(servers, name, NodeBroker.layer(waits), "1 hour")
  const link = Context.get(node.context, NatsLink)
  answerAt(link.connection, thereOf(node))
  return { ...node, ...Context.get(node.context, NodeBroker), link }
})
export type BrokerNode = Effect.Success<ReturnType<typeof startBrokerNode>>

/** Completes when all of them hear what is said at the server. */
const reachAll = (server: Pick<NatsServer, "url">, nodes: ReadonlyArray<BrokerNode>) =>
  Effect.scoped(
    Effect.flatMap(linkTo([server]), ({ connection }) =>
      Effect.forEach(nodes, (node) => Effect.promise(() => reach(connection, thereOf(node))))
    )
  )

/** One at each server, which know each other. */
export const startBrokerNodes = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  waits: Duration.Input | false = PATIENTLY
) {
  const nodes: Array<BrokerNode> = []
  for (const [at, server] of servers.entries()) {
    // It says once that it comes.
    yield* reachAll(server, nodes)
    nodes.push(yield* startBrokerNode([server], `node-${at}`, waits))
  }
  for (const { roster } of nodes) yield* known(roster, nodes.length - 1)
  return nodes
})
