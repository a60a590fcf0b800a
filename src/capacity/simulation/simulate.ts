/** What a cluster does: a broadcast, the loss of a node, and the return of everyone. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import {
  admitSeconds,
  copySeconds,
  messageSeconds,
  unnoticedWaitSeconds,
  waitSeconds,
  wireSeconds,
  writeOutSeconds
} from "../costs.ts"
import { workersOf } from "../PlanInput.ts"
import { type Broadcast, simulateBroadcast } from "./broadcast.ts"
import type { Cluster } from "./Cluster.ts"
import { type Loss, type Reconnection, simulateReconnect } from "./reconnect.ts"
import type { SimulationInput } from "./SimulationInput.ts"

export interface Simulated {
  readonly cluster: Cluster
  readonly broadcast: Broadcast
  readonly reconnections: Readonly<Record<Loss, Reconnection>>
  /** Seconds, as `npm run plan` computes them: without chance, queues and time-outs. */
  readonly planned: Readonly<Record<"broadcast" | Loss, number>>
}

const clusterOf = (input: SimulationInput): Cluster => ({
  nodes: input.nodes,
  connectionsEach: input.node.connections,
  workers: workersOf(input),
  natsServers: input.nats.servers,
  messageSeconds: messageSeconds(input, 1),
  admitSeconds: { others: admitSeconds(input, input.nodes - 1), all: admitSeconds(input, input.nodes) },
  detectMs: Duration.toMillis(input.detect),
  copySeconds: copySeconds(input),
  wireSeconds: wireSeconds(input),
  hopMs: input.hop
})

const plannedOf = (input: SimulationInput): Simulated["planned"] => {
  const others = input.nodes - 1
  const ofOne = Math.ceil(input.node.connections / others) * admitSeconds(input, others)
  return {
    broadcast: writeOutSeconds(input, input.node.connections),
    node: waitSeconds(input.detect) + ofOne,
    machine: unnoticedWaitSeconds(input.detect) + ofOne,
    all: waitSeconds(Duration.zero) + input.node.connections * admitSeconds(input, input.nodes)
  }
}

export const simulate = Effect.fnUntraced(function* (input: SimulationInput): Effect.fn.Return<Simulated> {
  const cluster = clusterOf(input)
  return {
    cluster,
    broadcast: yield* simulateBroadcast(cluster, input.seed),
    reconnections: {
      node: yield* simulateReconnect(cluster, "node", input.seed),
      machine: yield* simulateReconnect(cluster, "machine", input.seed),
      all: yield* simulateReconnect(cluster, "all", input.seed)
    },
    planned: plannedOf(input)
  }
})
