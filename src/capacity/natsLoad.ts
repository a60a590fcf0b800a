/**
 * What NATS carries between so many nodes. Its servers know each other, each all others: a publication goes from the
 * server that takes it once to every other that has listeners, and from there once to each node that listens
 * (docs.nats.io, clustering: one hop).
 */
import { type ChannelLoad, channelLoad } from "./channelLoad.ts"
import { figures } from "./figures.ts"
import { interest, liveBytes } from "./nodeLoad.ts"
import { MAX_HEARD_BEATS, type PlanInput } from "./PlanInput.ts"
import type { Resource } from "./Resource.ts"

const MICRO = 1e-6
const GIB = 2 ** 30
/** Three keep a quorum when one is gone. */
export const MIN_SERVERS = 3
/** Each keeps a connection to each other. */
export const MAX_SERVERS = 100
const REPLICAS = 3

export interface NatsLoad {
  readonly servers: number
  /** Publications a second that it takes, and copies a second that it hands to nodes. */
  readonly publications: number
  readonly deliveries: number
  /** Of these copies, what nodes tell each other of being there. */
  readonly beats: number
  /** Bytes a second of one server. */
  readonly out: number
  readonly in: number
  /** Bytes a second that one server writes to its disk. */
  readonly stored: number
  readonly channels: ChannelLoad
  readonly resources: ReadonlyArray<Resource>
}

export const natsLoad = (input: PlanInput, nodes: number, servers: number): NatsLoad => {
  const { rate, channels, nats, headroom } = input
  const listening = nodes * interest(channels.subscribers, nodes)
  const { live, ofChannels } = liveBytes(input)
  const beat = figures.beatBytes.value + figures.natsLiveBytes.value
  const history = channels.history ? channels.rate : 0

  /** What each hears in a second of nodes that are there, itself among them; whole ticks between its own beats make it a little less. */
  const beats = Math.min(nodes, MAX_HEARD_BEATS + 1)

  const publications = rate + channels.rate + beats
  const deliveries = (rate + beats) * nodes + channels.rate * listening
  /** Copies from server to server: of a channel only where somebody listens. */
  const ofChannel = Math.min(servers - 1, listening)
  const routed = (rate + beats) * (servers - 1) + channels.rate * ofChannel

  const copies = (deliveries + routed) / servers
  const deliveredBytes = (rate * live + beats * beat) * nodes + channels.rate * listening * ofChannels
  const routedBytes = (rate * live + beats * beat) * (servers - 1) + channels.rate * ofChannel * ofChannels
  const stored = (history * REPLICAS * ofChannels) / Math.min(servers, REPLICAS * channels.namespaces)
  // A stream's leader and its followers may all be the busiest servers.
  const keeping = (history * figures.keptMicros.value) / REPLICAS
  const ofAllChannels = channelLoad(input, nodes)
  const reading = ofAllChannels.reads * figures.natsReadMicros.value
  const cpu =
    publications * figures.natsPublicationMicros.value +
    copies * figures.natsDeliveryMicros.value +
    keeping +
    reading / Math.min(servers, channels.namespaces)
  /** Of all that is kept, the part of one server. */
  const part = REPLICAS / Math.min(servers, REPLICAS * channels.namespaces)
  const memory =
    ofAllChannels.subscriptions * figures.natsSubscriptionBytes.value + ofAllChannels.memory * part
  const out = (deliveredBytes + routedBytes) / servers + stored
  const into =
    (rate * live + channels.rate * ofChannels + beats * beat) / servers + routedBytes / servers + stored
  const free = 1 - headroom
  const gbit = (bytes: number) => (bytes * 8) / 1e9
  return {
    servers,
    publications,
    deliveries,
    beats: beats * nodes,
    out,
    in: into,
    stored,
    channels: ofAllChannels,
    resources: [
      {
        name: "cores of a NATS server",
        used: cpu * MICRO,
        has: nats.cores * free,
        unit: "cores",
        raisedBy: "nats.cores"
      },
      {
        name: "network out of a NATS server",
        used: gbit(out),
        has: nats.network * free,
        unit: "Gbit/s",
        raisedBy: "nats.network"
      },
      {
        name: "network into a NATS server",
        used: gbit(into),
        has: nats.network * free,
        unit: "Gbit/s",
        raisedBy: "nats.network"
      },
      {
        name: "streams of NATS",
        used: history,
        has: figures.keptPerSecond.value * channels.namespaces * free,
        unit: "publications/s",
        raisedBy: "channels.namespaces"
      },
      {
        name: "cores of leaders of streams",
        used: reading * MICRO,
        has: channels.namespaces * free,
        unit: "cores",
        raisedBy: "channels.namespaces"
      },
      {
        name: "memory of a NATS server",
        used: memory / GIB,
        has: nats.memory * free,
        unit: "GiB",
        raisedBy: "nats.memory"
      },
      {
        name: "disk of a NATS server",
        used: (ofAllChannels.disk * part) / GIB,
        has: nats.disk * free,
        unit: "GiB",
        raisedBy: "nats.disk"
      }
    ]
  }
}
