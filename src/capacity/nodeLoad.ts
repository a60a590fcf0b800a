/** What one of `nodes` nodes carries, resource by resource. */
import * as Duration from "effect/Duration"
import {
  broadcastBytes,
  connectionBytes,
  freshShare,
  idleShare,
  messageSeconds,
  messageWireBytes,
  writeOutSeconds
} from "./costs.ts"
import { figures, sdk } from "./figures.ts"
import { MAX_HEARD_BEATS, type PlanInput, workersOf } from "./PlanInput.ts"
import type { Resource } from "./Resource.ts"

const MICRO = 1e-6
const GIB = 2 ** 30
/** Files of a process that are no connections: docs/tuning.md. */
const OWN_FILES = 512
/** Bytes of a ping and of its answer, with their packets and those that acknowledge them. */
const PING_BYTES = 4 * figures.packetBytes.value

export interface NodeLoad {
  readonly connections: number
  /** A second, to connections of this node. */
  readonly messages: number
  /** Publications a second that this node hears of from NATS. */
  readonly publications: number
  /** Bytes a second. */
  readonly out: number
  readonly in: number
  readonly resources: ReadonlyArray<Resource>
}

/** The chance that a node has at least one of so many subscribers: who is where is chance. */
export const interest = (subscribers: number, nodes: number): number =>
  nodes === 1 ? 1 : -Math.expm1(subscribers * Math.log1p(-1 / nodes))

/** Bytes of one publication from NATS to a node: of a broadcast, and of one into a channel. */
export const liveBytes = ({
  bytes,
  channels
}: PlanInput): { readonly live: number; readonly ofChannels: number } => {
  const live = broadcastBytes(bytes)
  const kept = bytes + figures.keptEnvelopeBytes.value + figures.natsKeptBytes.value
  return { live, ofChannels: channels.history ? kept : live }
}

/** @param nodes those that carry the load: spares are gone */
export const nodeLoad = (input: PlanInput, nodes: number): NodeLoad => {
  const { rate, depth, channels, node, headroom } = input
  const workers = workersOf(input)
  const free = 1 - headroom
  const connections = Math.ceil(input.connections / nodes)
  const heard = channels.rate * interest(channels.subscribers, nodes)
  const toSubscribers = (channels.rate * channels.subscribers) / nodes
  const broadcasts = connections * rate

  const workerSeconds =
    broadcasts * messageSeconds(input, depth) +
    toSubscribers * messageSeconds(input, 1) +
    heard * figures.publicationMicros.value * MICRO +
    connections * idleShare(input)
  /** Workers of this node that have a subscriber of a channel which the node hears of. */
  const listening = Math.min(workers, Math.max(1, channels.subscribers / nodes))
  const takes = figures.natsTakeMicros.value
  const kept = channels.history
    ? { takes: figures.keptTakeMicros.value, sends: figures.keptSendMicros.value }
    : { takes, sends: figures.natsSendMicros.value }
  const hop = figures.workerHopMicros.value
  const publishes = (rate + channels.rate) / nodes
  const sends = (rate * figures.natsSendMicros.value + channels.rate * kept.sends) / nodes
  const primaryMicros =
    rate * (takes + hop * workers) +
    heard * (kept.takes + hop * listening) +
    publishes * figures.acceptMicros.value +
    sends +
    (connections / Duration.toSeconds(input.session)) *
      (hop + freshShare(input, nodes) * figures.freshMicros.value) +
    Math.min(nodes - 1, MAX_HEARD_BEATS) * figures.beatMicros.value +
    figures.primaryIdleMicros.value

  const { live, ofChannels } = liveBytes(input)
  const pings = (connections / (sdk.pingIntervalMs / 1000)) * PING_BYTES
  const out = broadcasts * messageWireBytes(input, depth) + toSubscribers * messageWireBytes(input, 1) + pings
  // Each write is acknowledged, at worst by a packet of its own.
  const acknowledged = (broadcasts / depth + toSubscribers) * figures.packetBytes.value
  const into =
    rate * live +
    heard * ofChannels +
    publishes * (input.bytes + figures.packetBytes.value) +
    acknowledged +
    pings

  const memory =
    figures.primaryBytes.value + workers * figures.workerBytes.value + connections * connectionBytes(input)
  const gbit = (bytes: number) => (bytes * 8) / 1e9
  return {
    connections,
    messages: broadcasts + toSubscribers,
    publications: rate + heard,
    out,
    in: into,
    resources: [
      {
        name: "connections of a node",
        used: connections,
        has: node.connections,
        unit: "",
        raisedBy: "node.connections"
      },
      {
        name: "cores of workers",
        used: workerSeconds,
        has: workers * free,
        unit: "cores",
        raisedBy: "node.cores"
      },
      { name: "core of the primary", used: primaryMicros * MICRO, has: free, unit: "cores" },
      {
        name: "memory of a node",
        used: memory / GIB,
        has: node.memory * free,
        unit: "GiB",
        raisedBy: "node.memory"
      },
      {
        name: "open files",
        used: connections,
        has: (node.files - OWN_FILES) * workers,
        unit: "",
        raisedBy: "node.files"
      },
      {
        name: "network out",
        used: gbit(out),
        has: node.network * free,
        unit: "Gbit/s",
        raisedBy: "node.network"
      },
      {
        name: "network in",
        used: gbit(into),
        has: node.network * free,
        unit: "Gbit/s",
        raisedBy: "node.network"
      },
      {
        name: "time of a broadcast",
        used: writeOutSeconds(input, connections),
        has: Duration.toSeconds(input.within),
        unit: "s",
        raisedBy: "within"
      }
    ]
  }
}
