/**
 * The streams at NATS: one for the histories of each namespace, and one for publications that have an idempotency key and no history. What they
 * store is sent on to the subscribers of its channel.
 */
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream"
import { nanos } from "@nats-io/transport-node"
import { IDEMPOTENCY_TTL_MS } from "../../history/IdempotencyKeys.ts"
import type { WantedStream } from "../../nats/ensureStreams.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import type { Subjects } from "../../nats/subjects.ts"
import { usesBetween } from "./LogState.ts"

/** A namespace whose channels keep history; "" is the one without a name. */
export interface HistoryNamespace {
  readonly name: string
  readonly size: number
  readonly ttlMs: number
  readonly metaTtlMs: number
}

/** How the streams are kept: `broker.nats.replicas` and `broker.nats.storage`. */
export interface StreamKeeping {
  readonly replicas: number
  readonly storage: "file" | "memory"
}

/** The server lets go of messages later than any node can think that they count. */
const AGE_FACTOR = 1.25
const AGE_SLACK_MS = 60_000

const common = (subject: string, { replicas, storage }: StreamKeeping) => ({
  subjects: [subject],
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  storage: storage === "file" ? StorageType.File : StorageType.Memory,
  num_replicas: replicas,
  duplicate_window: nanos(IDEMPOTENCY_TTL_MS)
})

/** What it stores is sent on to those who hear the channel. */
const heard = (subject: string, { liveOfWildcard }: Subjects, keeping: StreamKeeping) => ({
  ...common(subject, keeping),
  republish: { src: subject, dest: liveOfWildcard }
})

/** A claim stands before its publication does, and is not to end before five minutes are over since then. */
const CLAIM_SLACK_MS = 60_000

/** One message for each key: who claimed it, and where it was published. */
const keyStream = (subjects: Subjects, keeping: StreamKeeping): WantedStream => ({
  ...common(subjects.keyPattern, keeping),
  name: subjects.keyStream,
  max_age: nanos(IDEMPOTENCY_TTL_MS + CLAIM_SLACK_MS),
  max_msgs_per_subject: 1
})

/**
 * Each publication is in one message, which may hold more of them, and is followed by messages that hold none, where its channel is used: with so many
 * messages the server never drops one that holds what counts.
 */
const messagesOf = (namespace: HistoryNamespace): number => (1 + usesBetween(namespace)) * namespace.size + 2

const ageOf = ({ ttlMs, metaTtlMs }: HistoryNamespace): number =>
  Math.ceil(AGE_FACTOR * Math.max(ttlMs, metaTtlMs, IDEMPOTENCY_TTL_MS) + AGE_SLACK_MS)

export const wantedStreams = (
  { subjects }: NatsLink["Service"],
  namespaces: ReadonlyArray<HistoryNamespace>,
  keeping: StreamKeeping
): ReadonlyArray<WantedStream> => [
  {
    ...heard(subjects.oncePattern, subjects, keeping),
    name: subjects.onceStream,
    max_age: nanos(IDEMPOTENCY_TTL_MS),
    max_msgs_per_subject: -1
  },
  ...(keeping.replicas === 1 ? [] : [keyStream(subjects, keeping)]),
  ...namespaces.map((namespace) => ({
    ...heard(subjects.historyPattern(namespace.name), subjects, keeping),
    name: subjects.historyStream(namespace.name),
    max_age: nanos(ageOf(namespace)),
    max_msgs_per_subject: messagesOf(namespace)
  }))
]
