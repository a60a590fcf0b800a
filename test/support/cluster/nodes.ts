/** Nodes of one cluster in this process, each with a connection to NATS of its own. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { NodeCalls } from "../../../src/services/cluster/NodeCalls.ts"
import { NodePost } from "../../../src/services/cluster/NodePost.ts"
import { Roster } from "../../../src/services/cluster/Roster.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { natsConfig } from "../nats/natsLink.ts"

/** Between two beats of a node: one that is lost is known to be so after four of them. */
const BEAT = "50 millis"

const FAST = { reconnectWait: 20, reconnectJitter: 0 }

/** What a node is made of, under the services that are tested. */
export const nodeLayer = (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  name: string,
  beat: Duration.Input = BEAT,
  prefix = "clarion"
) =>
  NodeCalls.layer.pipe(
    Layer.provideMerge(NodePost.layer),
    Layer.provideMerge(Roster.layer(beat)),
    Layer.provideMerge(Layer.merge(NatsLink.layer, Hub.layer)),
    Layer.provideMerge(Metrics.layer),
    Layer.provideMerge(
      Layer.sync(ServerConfig, () => ({ ...natsConfig(servers, { ...FAST, prefix }), node: { name } }))
    )
  )

export type NodeServices = NodeCalls | NodePost | Roster | NatsLink | Hub | Metrics | ServerConfig

/** One node, and its end before that of the test. */
export interface TestNode<R> {
  readonly name: string
  readonly uid: string
  readonly context: Context.Context<R | NodeServices>
  readonly roster: Roster["Service"]
  readonly calls: NodeCalls["Service"]
  readonly stop: Effect.Effect<void>
}

/** A node with further services. Those of one prefix are one cluster. */
export const startNode = Effect.fnUntraced(function* <R, E>(
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  name: string,
  services: Layer.Layer<R, E, NodeServices>,
  beat: Duration.Input = BEAT,
  prefix?: string
) {
  const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
  const context = yield* Layer.buildWithScope(
    Layer.provideMerge(services, nodeLayer(servers, name, beat, prefix)),
    scope
  )
  const node: TestNode<R> = {
    name,
    uid: Context.get(context, NatsLink).uid,
    context,
    roster: Context.get(context, Roster),
    calls: Context.get(context, NodeCalls),
    stop: Scope.close(scope, Exit.void)
  }
  return node
})

/** Completes when the node knows so many others. */
export const known = (roster: Roster["Service"], count: number): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      const isThere = yield* Deferred.make<void>()
      const look = () => {
        if (roster.others().length === count) Deferred.doneUnsafe(isThere, Effect.void)
      }
      yield* roster.onChange(look)
      look()
      yield* Deferred.await(isThere)
    })
  )

/** So many nodes that know each other: node-0, node-1, … */
export const startNodes = Effect.fnUntraced(function* <R, E>(
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  count: number,
  services: Layer.Layer<R, E, NodeServices>,
  beat: Duration.Input = BEAT
) {
  const nodes: Array<TestNode<R>> = []
  for (let at = 0; at < count; at++) nodes.push(yield* startNode(servers, `node-${at}`, services, beat))
  for (const { roster } of nodes) yield* known(roster, count - 1)
  return nodes
})
