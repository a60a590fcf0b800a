/**
 * What one node, and NATS between nodes, cost: every figure that a plan is multiplied from, with the place where it
 * was measured.
 *
 * All of them are of one kind of machine (AMD EPYC, 2 cores of a virtual machine, Linux 6.18, Node 20.20.2), over
 * loopback and without TLS.
 */
import {
  KERNEL_CONNECTION_BYTES,
  PROCESS_BYTES,
  SERVER_CONNECTION_BYTES,
  SHARE_IN_FLIGHT
} from "../doctor/costs.ts"

/** How a figure came about: read off a bench, or computed from sizes that are known. */
export type Origin = "measured" | "computed"

export interface Figure {
  readonly value: number
  readonly unit: string
  readonly origin: Origin
  readonly about: string
  /** Where it stands, and the command that measures it again. */
  readonly source: string
}

const measured = (value: number, unit: string, about: string, source: string): Figure => ({
  value,
  unit,
  origin: "measured",
  about,
  source
})

const computed = (value: number, unit: string, about: string, source: string): Figure => ({
  value,
  unit,
  origin: "computed",
  about,
  source
})

const FANOUT = "docs/benchmarks.md, Figures: npm run bench -- fanout"
const CHANNELS = "docs/benchmarks.md, Channels: npm run bench -- channels"
const MILLION = "docs/benchmarks.md, A million connections: npm run bench -- c1000k --connections 1000000"
const NATS = "docs/capacity.md, What NATS costs: npm run bench -- nats"
const FRESH = "docs/capacity.md, What NATS costs"
const WORKERS = "docs/decisions/0009-workers.md, Measured"
const LOOKS = "services/broker/nats/Looks.ts"
const RECORDS = "services/broker/nats/records.ts, encoded"
const DOCTOR = "src/doctor/costs.ts"

export const figures = {
  mostConnections: measured(
    1_200_000,
    "connections",
    "held and broadcast to on one machine: no plan puts more on a node",
    MILLION
  ),
  rawBytes: measured(
    SERVER_CONNECTION_BYTES.uws,
    "bytes",
    "server's memory of an idle raw connection",
    FANOUT
  ),
  clientBytes: measured(2.5 * 1024, "bytes", "of a client with one subscription, with history", CHANNELS),
  kernelBytes: measured(
    KERNEL_CONNECTION_BYTES,
    "bytes",
    "kernel's memory of one end of a connection",
    DOCTOR
  ),
  queuedBytes: measured(
    SHARE_IN_FLIGHT * 4096,
    "bytes",
    "kernel's queues of a connection, where a tenth have a page with a message",
    DOCTOR
  ),
  primaryBytes: measured(PROCESS_BYTES.primary, "bytes", "memory of the primary", DOCTOR),
  workerBytes: measured(PROCESS_BYTES.worker, "bytes", "memory of a worker without connections", DOCTOR),
  writeMicros: measured(
    11.8,
    "µs",
    "CPU of a write to one connection, messages apart, of a million: twice that of 10,000 in one process",
    MILLION
  ),
  messageMicros: measured(0.103, "µs", "CPU of each message in a write: from depth 1 and 10", FANOUT),
  channelFactor: measured(
    1.05,
    "times",
    "a write to subscribers with history, to one of a raw broadcast",
    CHANNELS
  ),
  publicationMicros: measured(26, "µs", "CPU of a publication in a worker beyond its writes", CHANNELS),
  pingMicros: measured(
    20,
    "µs",
    "CPU of a ping and its answer: 0.8 % of a core for 10,000 every 25 s",
    CHANNELS
  ),
  rawSetupMicros: measured(65, "µs", "CPU of a raw connection that opens", MILLION),
  clientSetupMicros: measured(
    190,
    "µs",
    "CPU of a client that comes back, subscribes, and recovers 50 publications",
    CHANNELS
  ),
  acceptMicros: measured(21.8, "µs", "CPU of a publish request in the primary", CHANNELS),
  workerHopMicros: measured(4.1, "µs", "CPU of a publication from the primary to one worker", WORKERS),
  workerHopMillis: measured(0.25, "ms", "from the primary to a worker: half of a round trip", WORKERS),
  natsPublicationMicros: measured(11, "µs", "CPU of a NATS server for a publication, one at a time", NATS),
  natsDeliveryMicros: measured(7, "µs", "and for each node, or further NATS server, that it goes to", NATS),
  natsSendMicros: measured(2, "µs", "CPU of a node that publishes to NATS", NATS),
  natsTakeMicros: measured(1.5, "µs", "CPU of a node that takes a publication from NATS", NATS),
  keptSendMicros: measured(
    37,
    "µs",
    "the same for a publication with history, alone in its message",
    "docs/decisions/0031-nats-broker.md"
  ),
  keptTakeMicros: measured(7, "µs", "and of a node that takes one", "docs/decisions/0031-nats-broker.md"),
  natsLiveBytes: measured(31, "bytes", "on the wire to a node beyond the payload", NATS),
  natsKeptBytes: measured(175, "bytes", "the same for what a stream republishes: its headers", NATS),
  keptMicros: measured(75, "µs", "CPU of three NATS servers together for a publication that they keep", NATS),
  keptPerSecond: measured(9_000, "a second", "publications that a stream with three replicas takes", NATS),
  natsSubscriptionBytes: measured(850, "bytes", "memory of a NATS server for a channel of a node", NATS),
  natsSubjectBytes: measured(660, "bytes", "memory of a NATS server for a channel with a kept message", NATS),
  natsMessageBytes: measured(160, "bytes", "and for each further message", NATS),
  natsDiskBytes: measured(120, "bytes", "on disk around a kept message: its subject and heads", NATS),
  natsReadMicros: measured(
    130,
    "µs",
    "CPU of a NATS server for reading the last message of a channel, few at a time: 41 with 256 under way",
    FRESH
  ),
  freshReads: measured(
    2,
    "reads",
    "of a subscription to a channel with history that is new to its node",
    FRESH
  ),
  freshMicros: measured(420, "µs", "CPU of the primary for such a subscription", FRESH),
  looksOfAll: computed(
    500,
    "a second",
    "reads of all nodes together: whether a last publication was lost on its way",
    LOOKS
  ),
  looksOfOne: computed(100, "a second", "the same of one node, at most; one at least", LOOKS),
  lookAgainSeconds: computed(10, "s", "no channel is looked at again before", LOOKS),
  beatMicros: measured(
    5,
    "µs",
    "CPU of the primary for a word of another node: 0.1 % of a core for 200 a second",
    "docs/scale-out.md, What grows with the nodes"
  ),
  primaryIdleMicros: measured(
    12_000,
    "µs a second",
    "CPU of a primary that has nothing to do",
    "docs/capacity.md, What NATS costs"
  ),
  envelopeBytes: computed(68, "bytes", "what nodes put around a payload on its way", RECORDS),
  keptEnvelopeBytes: computed(
    135,
    "bytes",
    "the same in a history of a hundred, with what it says of itself",
    RECORDS
  ),
  beatBytes: computed(
    225,
    "bytes",
    "what each node tells all others, each second where they are few",
    "services/cluster/KnownNodes.ts"
  ),
  rawFrameBytes: computed(4, "bytes", "WebSocket header of up to 64 KB", "RFC 6455, 5.2"),
  clientFrameBytes: computed(
    64,
    "bytes",
    'JSON around the data of a push, with its frame: {"push":{"channel":"news","pub":{"data":…,"offset":123456}}}',
    "its length"
  ),
  packetBytes: computed(
    90,
    "bytes",
    "around each packet: Ethernet 38 with its gap, IPv4 20, TCP 32 with timestamps",
    "RFC 791, RFC 9293, IEEE 802.3"
  ),
  packetRoom: computed(1448, "bytes", "payload of one packet", "1500 less 52")
} as const satisfies Readonly<Record<string, Figure>>

/** What the client SDK (centrifuge 5.8) does by default; in its sources. */
export const sdk = {
  minReconnectMs: 500,
  maxReconnectMs: 20_000,
  /** Without an answer to its connect command it gives up, and backs off. */
  timeoutMs: 5_000,
  /** Time between pings of the server (`client.pingInterval`), and what a client grants beyond that. */
  pingIntervalMs: 25_000,
  pingGraceMs: 10_000
} as const
