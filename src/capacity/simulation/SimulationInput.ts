/** The options of `npm run simulate`. */
import { type ConfigOf, key } from "../../config/Keys.ts"
import * as Kind from "../../config/Kind.ts"
import { planKeys } from "../PlanInput.ts"

export const simulationKeys = {
  seed: key(Kind.integer(0, 2 ** 32 - 1), 1, "the same number gives the same run"),
  nodes: key(Kind.integer(2, 2000), 400, "nodes of the cluster"),
  "node.connections": planKeys["node.connections"],
  "node.cores": planKeys["node.cores"],
  "node.network": planKeys["node.network"],
  "nats.servers": key(Kind.integer(1, 100), 3, "NATS servers"),
  hop: key(
    Kind.number(0, 1000),
    0.25,
    "milliseconds from one machine to another: an assumption, of one data centre"
  ),
  "nats.network": planKeys["nats.network"],
  detect: planKeys.detect,
  "channels.history": key(
    Kind.boolean,
    false,
    "each client is in a channel with history, which a node to which it is new reads at NATS"
  ),
  "channels.subscribers": planKeys["channels.subscribers"],
  "channels.namespaces": planKeys["channels.namespaces"],
  clients: planKeys.clients,
  bytes: planKeys.bytes,
  json: key(Kind.boolean, false, "print the results as JSON")
}

export type SimulationInput = Omit<ConfigOf<typeof simulationKeys>, "json">
