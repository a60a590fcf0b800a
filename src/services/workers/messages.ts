/**
 * What the primary and its workers tell each other. Bytes cross as bytes (`serialization: "advanced"`), and what
 * arrives is checked against these schemas: once for a batch, never for a connection.
 */
import * as Schema from "effect/Schema"
import { ControlCommand, NodeInfo, WorkerEvent, workerEventTags } from "./controlMessages.ts"
import { AboutPublication, Answer, Question } from "./questions.ts"

/** Milliseconds since the epoch, with fractions; NaN where nothing was written. */
const Time = Schema.Number

const Outgoing = Schema.Struct({ data: Schema.Uint8Array, isBinary: Schema.Boolean })
export type Outgoing = typeof Outgoing.Type

/** What happened in a channel; the data is beside it. */
const InChannel = Schema.Struct({
  kind: Schema.Literals(["publication", "join", "leave"]),
  channel: Schema.String,
  epoch: Schema.String,
  ...AboutPublication.fields
})
export type InChannel = typeof InChannel.Type

const Headers = Schema.Array(Schema.Tuple([Schema.String, Schema.String]))

/** An HTTP request that landed in a worker, for the primary to answer. */
const ForwardedRequest = Schema.Struct({
  id: Schema.Number,
  method: Schema.String,
  path: Schema.String,
  query: Schema.String,
  headers: Headers,
  body: Schema.Uint8Array,
  address: Schema.String
})
export type ForwardedRequest = typeof ForwardedRequest.Type

const ForwardedResponse = Schema.Struct({
  id: Schema.Number,
  status: Schema.Number,
  headers: Headers,
  body: Schema.Uint8Array
})
export type ForwardedResponse = typeof ForwardedResponse.Type

const counts = {
  eligible: Schema.Number,
  written: Schema.Number,
  slow: Schema.Number,
  mailbox: Schema.Number,
  firstWriteAt: Time,
  lastWriteAt: Time
}

/** What became of one publication in one worker, as in `WorkerDelivery`. */
const Delivered = Schema.Struct({
  id: Schema.Number,
  ...counts,
  shards: Schema.optionalKey(Schema.Array(Schema.Struct({ shard: Schema.String, ...counts })))
})
export type Delivered = typeof Delivered.Type

const Sample = Schema.Struct({
  type: Schema.Literals(["counter", "gauge"]),
  name: Schema.String,
  help: Schema.String,
  value: Schema.Number,
  labels: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

export interface ObservedActor {
  readonly name: string
  readonly address: string
  readonly state: string
  readonly mailbox?: number
  readonly connections?: number
  readonly restarts?: number
  readonly cause?: string | undefined
  readonly crashedAt?: number
  readonly children: ReadonlyArray<ObservedActor>
}
const Actor: Schema.Codec<ObservedActor> = Schema.Struct({
  name: Schema.String,
  address: Schema.String,
  state: Schema.String,
  mailbox: Schema.optionalKey(Schema.Number),
  connections: Schema.optionalKey(Schema.Number),
  restarts: Schema.optionalKey(Schema.Number),
  cause: Schema.optional(Schema.String),
  crashedAt: Schema.optionalKey(Schema.Number),
  children: Schema.Array(Schema.suspend((): Schema.Codec<ObservedActor> => Actor))
})

const SlowConsumer = Schema.Struct({
  at: Schema.Number,
  process: Schema.String,
  address: Schema.String,
  client: Schema.optionalKey(Schema.String),
  user: Schema.optionalKey(Schema.String),
  waitingBytes: Schema.Number,
  outcome: Schema.Literals(["closed", "dropped"])
})

/** What a worker needs to serve. */
const Assignment = Schema.Struct({
  /** Its address in the actor tree: "primary/workers/worker-0". */
  address: Schema.String,
  /** Its id in this life, among all processes that hold connections. */
  node: Schema.String,
  /** What of its sessions' events somebody listens to. */
  events: Schema.Array(Schema.Literals(workerEventTags)),
  /**
   * The merged configuration as JSON, with the secrets of tokens and backends; without those that the primary alone
   * asks for: the API key and those that go with webhooks and traces.
   */
  config: Schema.Unknown,
  /** With what tokens of the server's own are verified. */
  ownTokenKey: Schema.String,
  /** The port that all workers share. */
  port: Schema.Number,
  /** How many workers share it: limits of the whole server are divided by this. */
  workers: Schema.Number,
  /** Epoch time of the machine's monotonic zero, in ms: all processes then tell the same time. */
  epochAtZeroMs: Schema.Number
})
export type Assignment = typeof Assignment.Type

/** One connection of an address more, to be answered by its id; or, without one, one less. */
const AddressEvent = Schema.Struct({ address: Schema.String, id: Schema.NullOr(Schema.Number) })
export type AddressEvent = typeof AddressEvent.Type

const ChannelCounts = Schema.Array(Schema.Tuple([Schema.String, Schema.Number]))

export const ToWorker = Schema.TaggedUnion({
  Start: { assignment: Assignment },
  /** Without `inChannel`, for every raw connection. */
  Publish: {
    publications: Schema.Array(
      Schema.Struct({
        id: Schema.Number,
        ...Outgoing.fields,
        inChannel: Schema.optionalKey(InChannel),
        /** The receipt that clients may acknowledge, and until when. */
        receipt: Schema.optionalKey(Schema.Struct({ id: Schema.String, until: Time })),
        /** Its counts come back with those of each shard. */
        isWatched: Schema.optionalKey(Schema.Boolean)
      })
    )
  },
  /** So many of the publications of its clients, and bytes of them, were taken up. */
  Taken: { count: Schema.Number, bytes: Schema.Number },
  /** Answered at once by `Observed`; it is the heartbeat, too. */
  Observe: {},
  Answer: { response: ForwardedResponse },
  /** Whether the addresses that it asked for have room. */
  Room: { answers: Schema.Array(Schema.Struct({ id: Schema.Number, hasRoom: Schema.Boolean })) },
  Answered: { answers: Schema.Array(Answer) },
  /** What the server API does to sessions. */
  Control: { commands: Schema.Array(ControlCommand) },
  /** Commands of clients whose session it holds, and whose requests came to other workers. Answered at once by `EmulatedTaken`. */
  Emulated: {
    frames: Schema.Array(Schema.Struct({ session: Schema.String, data: Schema.Uint8Array }))
  },
  /** So many of the events of its sessions, and bytes of them, were taken up. */
  EventsTaken: { count: Schema.Number, bytes: Schema.Number },
  /** The last acknowledgements were taken up. */
  AckedTaken: {},
  /** Answered at once by `Node`. */
  TellNode: {},
  /** Answered at once by `Channels`. */
  TellChannels: {},
  /** Answered by `Largest`. */
  TellLargest: { limit: Schema.Number },
  /** Answered at once by `Sizes`. */
  TellSizes: { channels: Schema.Array(Schema.String) },
  StopAccepting: {},
  /** Close everyone, spread over so many ms, and exit. */
  Drain: { withinMs: Schema.Number }
})
export type ToWorker = typeof ToWorker.Type

export const FromWorker = Schema.TaggedUnion({
  /** It accepts connections. */
  Ready: { transport: Schema.Literals(["uws", "ws"]) },
  /** It cannot; it exits next. */
  Failed: { message: Schema.String },
  Connections: { live: Schema.Number },
  Delivered: { deliveries: Schema.Array(Delivered) },
  /** What its clients sent, to be published to everyone. */
  Publish: { publications: Schema.Array(Outgoing) },
  Request: { request: ForwardedRequest },
  /** Client addresses of connections that came and went, where `limits.connectionsPerAddress` is set. */
  Addresses: { events: Schema.Array(AddressEvent) },
  /** What its sessions ask of the broker and of presence. */
  Ask: { questions: Schema.Array(Question) },
  /** What happened to its sessions. */
  Events: { events: Schema.Array(WorkerEvent) },
  /** So many of its connections acknowledged each of these receipts, since it last told. */
  Acked: { counts: Schema.Array(Schema.Tuple([Schema.String, Schema.Number])) },
  /** The oldest commands for sessions of which it was not said yet are with their sessions. */
  EmulatedTaken: {},
  Node: { node: NodeInfo },
  /** Subscribers of each channel. */
  Channels: { counts: ChannelCounts },
  /** The same of those with the most subscribers. */
  Largest: { counts: ChannelCounts },
  /** The same of those that it was asked for. */
  Sizes: { counts: ChannelCounts },
  Observed: {
    live: Schema.Number,
    samples: Schema.Array(Sample),
    actors: Schema.Array(Actor),
    /** What was found since it last told; absent: nothing. */
    slow: Schema.optionalKey(Schema.Struct({ times: Schema.Number, found: Schema.Array(SlowConsumer) }))
  }
})
export type FromWorker = typeof FromWorker.Type
