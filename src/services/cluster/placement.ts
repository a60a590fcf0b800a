/**
 * Where what clients share is kept: in this node, which is alone, or over the nodes that NATS joins. Both are the same services.
 *
 * The layers below stand on one connection to NATS and one roster: a layer that several others provide is built once.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import type { Broker, BrokerUnavailable } from "../broker/Broker.ts"
import { layerEmbedded } from "../broker/EmbeddedBroker.ts"
import { layerNats } from "../broker/nats/layerNats.ts"
import { NodeCount } from "../broker/nats/natsBrokerOptions.ts"
import { withRoom } from "../broker/withRoom.ts"
import type { Control } from "../Control.ts"
import { durableNamespaces } from "../channels/durableNamespaces.ts"
import { Cluster } from "../dashboard/Overviews.ts"
import { Emulation } from "../Emulation.ts"
import { Health } from "../Health.ts"
import { Hub } from "../Hub.ts"
import type { LargestChannels } from "../LargestChannels.ts"
import { layerMemory } from "../MemoryPresence.ts"
import type { Metrics } from "../Metrics.ts"
import { NatsLink, type NatsUnreachable } from "../nats/NatsLink.ts"
import type { Presence } from "../Presence.ts"
import { ProcessIds } from "../processes/ProcessIds.ts"
import type { Receipts } from "../receipts/Receipts.ts"
import * as StoredReceipts from "../receipts/StoredReceipts.ts"
import type { Serving } from "../Serving.ts"
import { layerNats as layerNatsSchedules } from "../schedules/nats/natsSchedules.ts"
import type { ScheduleStore } from "../schedules/ScheduleStore.ts"
import { layerStored } from "../schedules/storedSchedules.ts"
import { Node } from "../sessions/Sessions.ts"
import type { Store } from "../store/Store.ts"
import { layerCounted } from "./countedBroker.ts"
import * as Interest from "./interest.ts"
import { Leadership } from "./Leadership.ts"
import * as NodeBroadcasts from "./NodeBroadcasts.ts"
import { NodeCalls } from "./NodeCalls.ts"
import * as NodeControl from "./NodeControl.ts"
import { NodePost } from "./NodePost.ts"
import * as NodePresence from "./NodePresence.ts"
import { NodeReceipts } from "./NodeReceipts.ts"
import * as NodeProcessIds from "./processIds.ts"
import { Roster } from "./Roster.ts"
import { servingWithNats } from "./servingWithNats.ts"

type ServingLayer<E, R> = Layer.Layer<Control | LargestChannels | Serving, E, R>
/** What the connection to NATS and the roster stand on. */
type Needed = Hub | Metrics | ServerConfig

/** What is another one for nodes that are joined. */
export interface Placement {
  /** What sessions need of others. */
  readonly sessions: Layer.Layer<Presence | Emulation, NatsUnreachable, Needed>
  /** Where schedules are kept, and which node fires them. */
  readonly schedules: Layer.Layer<ScheduleStore | Leadership, NatsUnreachable, Needed | Store>
  /** Receipts, and how broadcasts reach other nodes. */
  readonly receipts: Layer.Layer<
    Receipts,
    NatsUnreachable | Layer.Error<typeof StoredReceipts.layer>,
    Needed | Layer.Services<typeof StoredReceipts.layer>
  >
  readonly broker: Layer.Layer<
    Broker,
    NatsUnreachable | BrokerUnavailable | Layer.Error<typeof layerBrokerHere>,
    Needed | Layer.Services<typeof StoredReceipts.layer> | Layer.Services<typeof layerBrokerHere>
  >
  /** How the server API reaches the sessions of all. @param serving those of this node */
  readonly serving: <E, R>(serving: ServingLayer<E, R>) => ServingLayer<E | NatsUnreachable, R | Needed>
}

/** This node is one of several. */
export const layerNodes = NodeCalls.layer.pipe(
  Layer.provideMerge(NodePost.layer),
  Layer.provideMerge(Roster.layer()),
  Layer.provideMerge(NatsLink.layer)
)

/** Ids of the processes of this node, and the name of its only one. */
const layerIds = Layer.effect(
  Node,
  Effect.gen(function* () {
    return { uid: (yield* ProcessIds)(), name: (yield* Roster).self().name }
  })
).pipe(Layer.provideMerge(NodeProcessIds.layer))

const layerBrokerHere = withRoom(
  Layer.unwrap(
    Effect.gen(function* () {
      const [{ publish }, { channels }] = [yield* Hub, yield* ServerConfig]
      return layerEmbedded(publish, {}, durableNamespaces(channels))
    })
  )
)

const layerHealth = Layer.effect(
  Health,
  Effect.gen(function* () {
    const [link, roster] = [yield* NatsLink, yield* Roster]
    return () => [...link.problems(), ...roster.problems()]
  })
)

/** Names of nodes that the dashboard shows. */
const NAMES_SHOWN = 20

/** What the dashboard tells of all nodes. */
const layerCluster = Layer.effect(
  Cluster,
  Effect.gen(function* () {
    const roster = yield* Roster
    const { isUp } = yield* NatsLink
    return () => {
      const all = [roster.self(), ...roster.others()]
      return {
        connections: roster.connections(),
        nodes: all.length,
        names: all.slice(0, NAMES_SHOWN).map(({ name }) => name),
        isConnected: isUp()
      }
    }
  })
)

export const alone: Placement = {
  receipts: StoredReceipts.layer,
  broker: layerBrokerHere,
  sessions: Layer.merge(layerMemory, Emulation.layerAlone),
  schedules: Layer.merge(layerStored, Leadership.layerAlone),
  serving: (serving) => serving
}

const layerReceipts = NodeReceipts.layer(StoredReceipts.layer).pipe(Layer.provide(layerNodes))

const layerNodeCount = Layer.effect(
  NodeCount,
  Effect.map(
    Roster,
    ({ others }) =>
      () =>
        others().length + 1
  )
)

/** All publications come from NATS. */
const layerBrokerOverNodes = withRoom(
  layerCounted(Layer.unwrap(Effect.map(Hub, ({ publish }) => layerNats(publish)))),
  () => true
).pipe(
  Layer.provide(layerReceipts),
  Layer.provide(Layer.merge(Interest.layer(), layerNodeCount).pipe(Layer.provide(layerNodes)))
)

export const joined: Placement = {
  receipts: NodeBroadcasts.layer.pipe(Layer.provideMerge(layerReceipts), Layer.provide(layerNodes)),
  broker: layerBrokerOverNodes,
  sessions: Layer.mergeAll(
    NodePresence.layer,
    NodeControl.layerEmulation,
    layerIds,
    layerHealth,
    layerCluster
  ).pipe(Layer.provide(layerNodes)),
  schedules: layerNatsSchedules.pipe(Layer.provideMerge(Leadership.layerNats), Layer.provide(layerNodes)),
  serving: (serving) => servingWithNats(NodeControl.layerOverNodes(serving)).pipe(Layer.provide(layerNodes))
}
