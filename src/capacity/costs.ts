/** What one connection, one message and one publication cost under an input; everything in seconds, bytes and bits. */
import * as Duration from "effect/Duration"
import { figures, sdk } from "./figures.ts"
import { type PlanInput, workersOf } from "./PlanInput.ts"

const MICRO = 1e-6

type Clients = Pick<PlanInput, "clients">
/** What a node is built of, as far as it says how fast it is. */
type Machine = { readonly node: Pick<PlanInput["node"], "cores" | "network"> }

/** Worker's CPU seconds of one message to one connection, of which `depth` share a write. */
export const messageSeconds = ({ clients }: Clients, depth: number): number => {
  const factor = clients === "raw" ? 1 : figures.channelFactor.value
  return factor * (figures.writeMicros.value / depth + figures.messageMicros.value) * MICRO
}

/** Bytes on the wire of one message of which `depth` share a write: frames, and its part of the packets. */
export const messageWireBytes = (
  { clients, bytes }: Clients & { readonly bytes: number },
  depth: number
): number => {
  const frame = clients === "raw" ? figures.rawFrameBytes.value : figures.clientFrameBytes.value
  const packets = Math.ceil((depth * (bytes + frame)) / figures.packetRoom.value)
  return bytes + frame + (packets / depth) * figures.packetBytes.value
}

/** Bytes of a broadcast from NATS to a node. */
export const broadcastBytes = (bytes: number): number =>
  bytes + figures.envelopeBytes.value + figures.natsLiveBytes.value

export const connectionBytes = ({ clients }: Clients): number =>
  (clients === "raw" ? figures.rawBytes.value : figures.clientBytes.value) +
  figures.kernelBytes.value +
  figures.queuedBytes.value

export const setupSeconds = ({ clients }: Clients): number =>
  (clients === "raw" ? figures.rawSetupMicros.value : figures.clientSetupMicros.value) * MICRO

/**
 * Worker's CPU seconds a second of a connection that hears nothing: its pings, and its part of those that come and
 * go.
 */
export const idleShare = (input: Clients & Pick<PlanInput, "session">): number =>
  (figures.pingMicros.value * MICRO) / (sdk.pingIntervalMs / 1000) +
  setupSeconds(input) / Duration.toSeconds(input.session)

/** Seconds that a node's network takes for one message to one connection. */
export const wireSeconds = (input: Pick<PlanInput, "clients" | "bytes"> & Machine): number =>
  (messageWireBytes(input, 1) * 8) / (input.node.network * 1e9)

/**
 * Seconds until a node has written one message to so many connections: CPU of its workers, or its network, which is
 * slower.
 */
export const writeOutSeconds = (
  input: Pick<PlanInput, "clients" | "bytes"> & Machine,
  connections: number
): number => {
  const cpu = messageSeconds(input, 1) / workersOf(input)
  return connections * Math.max(cpu, wireSeconds(input))
}

type Channels = { readonly channels: Pick<PlanInput["channels"], "subscribers" | "history" | "namespaces"> }

/**
 * Of clients that come to one of so many nodes, the share whose channel with history is new to it, at most. Each is in one channel, and a node has a
 * channel once: where each has a channel of its own it is all of them, where all share channels hardly any.
 */
export const freshShare = ({ channels }: Channels, nodes: number): number =>
  channels.history ? Math.min(1, nodes / channels.subscribers) : 0

/** CPU seconds of the leader of a stream for a client whose channel is new to its node. */
export const freshReadSeconds = figures.freshReads.value * figures.natsReadMicros.value * MICRO

/**
 * Seconds for each client that comes to one of so many nodes, when clients come to all of them at once: of its workers, of its primary, or of the leaders of
 * streams, one core each, which all nodes share; whichever is slowest.
 */
export const admitSeconds = (input: Clients & Machine & Channels, nodes: number): number => {
  const fresh = freshShare(input, nodes)
  return Math.max(
    setupSeconds(input) / workersOf(input),
    fresh * figures.freshMicros.value * MICRO,
    (fresh * freshReadSeconds * nodes) / input.channels.namespaces
  )
}

/** The longest wait of the SDK before the attempt after so many that failed, in seconds; the shortest is always the same. */
const longestWait = (failed: number): number =>
  Math.min(sdk.maxReconnectMs, sdk.minReconnectMs * (1 + 2 ** failed)) / 1000

/**
 * Seconds until the last of clients that lose their connections at once has tried where it can succeed, at most: until `detect` all attempts fail, and the
 * last client is the one that made as many as fit into that time, after the shortest waits, and then got the longest.
 */
export const waitSeconds = (detect: Duration.Duration): number => {
  const until = Duration.toSeconds(detect)
  const shortest = sdk.minReconnectMs / 1000
  let failed = 0
  for (let at = 0; at < until; failed++) at += shortest
  return until + longestWait(Math.max(0, failed - 1))
}

/** When the last client notices that a machine is gone without a word: a ping is missing. */
const NOTICED = (sdk.pingIntervalMs + sdk.pingGraceMs) / 1000

/** The same, where clients are not told that their node is gone. */
export const unnoticedWaitSeconds = (detect: Duration.Duration): number =>
  Math.max(NOTICED + waitSeconds(Duration.zero), waitSeconds(detect))

/** Seconds that a NATS server takes for each copy of a broadcast: its CPU, or its network, which is slower. */
export const copySeconds = ({
  bytes,
  nats
}: {
  readonly bytes: number
  readonly nats: Pick<PlanInput["nats"], "network">
}): number =>
  Math.max(figures.natsDeliveryMicros.value * MICRO, (broadcastBytes(bytes) * 8) / (nats.network * 1e9))
