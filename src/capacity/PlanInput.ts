/** What is to be planned, and for which machines: the options of `npm run plan`. */
import * as Duration from "effect/Duration"
import { type ConfigOf, key } from "../config/Keys.ts"
import * as Kind from "../config/Kind.ts"
import { figures } from "./figures.ts"

export const MAX_CONNECTIONS = 10_000_000_000
/** As many as know of each other: `MAX_NODES` of services/cluster/KnownNodes.ts. */
export const MAX_NODES = 4096
/** Beats of others that each hears in a second: `MAX_HEARD_BEATS` there. */
export const MAX_HEARD_BEATS = 200

export const planKeys = {
  connections: key(
    Kind.integer(1, MAX_CONNECTIONS),
    undefined,
    "connections in all; a plan must be given them"
  ),
  rate: key(Kind.number(0, 1e6), 1, "broadcasts a second: messages that every connection hears"),
  bytes: key(Kind.integer(1, 1e6), 200, "bytes of a message"),
  depth: key(Kind.number(1, 10), 1, "messages that leave in one write, on average"),
  within: key(Kind.positiveDuration, Duration.minutes(1), "how long a broadcast to everyone may take"),
  clients: key(Kind.choice("raw", "protocol"), "protocol", "raw push, or clients of the SDK"),
  session: key(Kind.positiveDuration, Duration.hours(1), "how long a connection lives, on average"),
  detect: key(
    Kind.duration,
    Duration.seconds(3),
    "until who comes back is sent past a dead node: by a balancer's checks, or a name in DNS"
  ),
  "channels.rate": key(Kind.number(0, 1e9), 0, "publications a second into channels, all of them together"),
  "channels.subscribers": key(Kind.number(1, 1e9), 1, "subscribers of such a channel, on average"),
  "channels.history": key(
    Kind.boolean,
    false,
    "NATS keeps and acknowledges these publications (three replicas)"
  ),
  "channels.namespaces": key(
    Kind.integer(1, 1000),
    1,
    "namespaces that they are spread over: a stream for each"
  ),
  "channels.size": key(
    Kind.integer(1, 100_000),
    100,
    "publications that NATS keeps of a channel (historySize)"
  ),
  "channels.ttl": key(Kind.positiveDuration, Duration.minutes(10), "and for how long (historyTtl)"),
  "node.connections": key(
    Kind.integer(1, figures.mostConnections.value),
    250_000,
    "connections of one node at most: as many are lost with it"
  ),
  "node.cores": key(
    Kind.integer(2, 1024),
    8,
    "cores of a node: one for the primary, a worker on each of the others"
  ),
  "node.memory": key(Kind.number(1, 65_536), 32, "memory of a node, GiB"),
  "node.network": key(Kind.number(0.1, 1000), 10, "network of a node, Gbit a second each way"),
  "node.files": key(Kind.integer(1024, 1e8), 1_048_576, "open files of one process"),
  "node.price": key(Kind.number(0, 1e9), 0, "price of a node for a month, in any currency"),
  "nats.cores": key(Kind.integer(1, 1024), 8, "cores of a NATS server"),
  "nats.network": key(Kind.number(0.1, 1000), 10, "network of a NATS server, Gbit a second each way"),
  "nats.memory": key(Kind.number(1, 65_536), 32, "memory of a NATS server, GiB"),
  "nats.disk": key(Kind.number(1, 1e6), 100, "disk of a NATS server, GiB"),
  "nats.price": key(Kind.number(0, 1e9), 0, "price of a NATS server for a month"),
  headroom: key(Kind.number(0, 0.9), 0.3, "share of cores, memory and network that stays free"),
  spares: key(
    Kind.integer(0, 1000),
    1,
    "nodes that may be gone while the others carry all of it, headroom included"
  ),
  json: key(Kind.boolean, false, "print the plan as JSON"),
  figures: key(Kind.boolean, false, "print the figures that plans are computed from, with their sources")
}

/** A plan's input. Rates are per second, memory in GiB, networks in Gbit/s, prices per month. */
export type PlanInput = Omit<ConfigOf<typeof planKeys>, "connections" | "json" | "figures"> & {
  readonly connections: number
}

/** Cores that workers have: the primary keeps one. */
export const workersOf = ({ node }: { readonly node: Pick<PlanInput["node"], "cores"> }): number =>
  node.cores - 1
