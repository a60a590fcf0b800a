/**
 * What the methods of the server API take. These schemas are the only source: requests are checked against them, and the OpenAPI document is
 * made from them.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { isReceiptId, MAX_RECEIPT_ID } from "../receipts/Receipts.ts"

/** Commands of one batch, and of one request in line form. More are refused with 107. */
export const MAX_COMMANDS = 10_000

/** Channels of one broadcast. More are refused with 107. */
export const MAX_CHANNELS = 10_000

/** Characters of a pattern of channels. Longer ones are refused with 107. */
export const MAX_PATTERN = 255

/** A payload: the source text of a JSON value in UTF-8, which is never parsed. */
export const RawJson = Schema.declare<Uint8Array>((value) => value instanceof Uint8Array)

/** Schemas with a name, and payloads, are told about where they stand, because they are the same everywhere. */
export const about = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  SchemaAST.resolveIdentifier(schema.ast) !== undefined || SchemaAST.isDeclaration(schema.ast)
    ? schema.annotateKey({ description })
    : schema.annotate({ description })

export const optional = <S extends Schema.Top>(schema: S, description: string) =>
  about(Schema.optionalKey(schema), description)

const Natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const channel = about(Schema.NonEmptyString, "name of the channel")

export const StreamPosition = Schema.Struct({
  offset: optional(Natural, "number of a publication in the stream"),
  epoch: optional(Schema.String, "which stream; empty: whatever is there")
}).annotate({ identifier: "StreamPosition" })

// Publications.

/** Characters. */
const MAX_VERSION_EPOCH = 255

/** What is said with another one of the same id replaces that one. Ids that cannot be kept are refused with 107. */
const ReceiptId = Schema.Union([
  Schema.Boolean,
  Schema.NonEmptyString.check(Schema.isMaxLength(MAX_RECEIPT_ID), Schema.makeFilter(isReceiptId))
])

const publication = {
  data: optional(RawJson, "payload: any JSON value, passed on byte for byte"),
  b64data: optional(Schema.String, "payload in base64, for bytes that are not JSON; it counts before data"),
  skip_history: optional(Schema.Boolean, "do not keep it in the history"),
  tags: optional(Schema.Record(Schema.String, Schema.String), "what subscribers may filter by"),
  idempotency_key: optional(
    Schema.String,
    "the same key in the same channel again within 5 minutes publishes nothing"
  ),
  delta: optional(Schema.Boolean, "send it as a difference to those who agreed to that"),
  version: optional(Natural, "published only when it is higher than the last one; 0: no version"),
  version_epoch: optional(
    Schema.String.check(Schema.isMaxLength(MAX_VERSION_EPOCH)),
    "versions are compared within one epoch; 255 characters at most, which each message of the channel may carry"
  ),
  receipt: optional(
    ReceiptId,
    "keep a receipt, which says who got it: true, or an id for it of at most 255 characters"
  )
}

export const PublishRequest = Schema.Struct({ channel, ...publication }).annotate({
  identifier: "PublishRequest"
})
export type PublishRequest = typeof PublishRequest.Type

export const BroadcastRequest = Schema.Struct({
  channels: about(
    Schema.Array(Schema.String).check(Schema.isMinLength(1), Schema.isMaxLength(MAX_CHANNELS)),
    "names of the channels"
  ),
  ...publication
}).annotate({ identifier: "BroadcastRequest" })
export type BroadcastRequest = typeof BroadcastRequest.Type

// Clients.

const target = {
  user: about(Schema.NonEmptyString, "id of the user"),
  client: optional(Schema.String, "only the connection with this id"),
  session: optional(Schema.String, "only the connection with this session id")
}

const expireAt = optional(Natural, "seconds since the epoch; 0: never expires")

const Flag = Schema.Struct({ value: optional(Schema.Boolean, "absent: false") }).annotate({
  identifier: "BoolValue"
})

const SubscriptionOverride = Schema.Struct({
  presence: optional(Flag, "keep who is subscribed"),
  join_leave: optional(Flag, "tell others of joining and leaving"),
  force_recovery: optional(Flag, "the client recovers what it missed"),
  force_positioning: optional(Flag, "watch the position of the client"),
  force_push_join_leave: optional(Flag, "tell the client who joins and leaves")
}).annotate({ identifier: "SubscriptionOverride" })

export const SubscribeRequest = Schema.Struct({
  ...target,
  channel,
  info: optional(RawJson, "what others are told of the subscriber: any JSON value"),
  b64info: optional(Schema.String, "the same in base64; it counts before info"),
  data: optional(RawJson, "what the client is told with the subscription: any JSON value"),
  b64data: optional(Schema.String, "the same in base64; it counts before data"),
  recover_since: optional(StreamPosition, "send what was published after it"),
  expire_at: expireAt,
  override: optional(SubscriptionOverride, "instead of the channel's options")
}).annotate({ identifier: "SubscribeRequest" })
export type SubscribeRequest = typeof SubscribeRequest.Type

export const UnsubscribeRequest = Schema.Struct({ ...target, channel }).annotate({
  identifier: "UnsubscribeRequest"
})
export type UnsubscribeRequest = typeof UnsubscribeRequest.Type

const Disconnect = Schema.Struct({
  code: about(
    Schema.Int,
    "a code of the protocol from 3000 to 3999, or one of the application, 4000 to 4999"
  ),
  reason: optional(Schema.String, "at most 123 bytes; the protocol's own codes have one each")
}).annotate({ identifier: "Disconnect" })

export const DisconnectRequest = Schema.Struct({
  ...target,
  whitelist: optional(Schema.Array(Schema.String), "ids of connections that stay"),
  disconnect: optional(Disconnect, "why; absent: 3503, force disconnect")
}).annotate({ identifier: "DisconnectRequest" })
export type DisconnectRequest = typeof DisconnectRequest.Type

export const RefreshRequest = Schema.Struct({
  ...target,
  expired: optional(Schema.Boolean, "close it with 3005"),
  expire_at: expireAt,
  info: optional(RawJson, "what others are told of the client from now on: any JSON value")
}).annotate({ identifier: "RefreshRequest" })
export type RefreshRequest = typeof RefreshRequest.Type

// Channels.

export const PresenceRequest = Schema.Struct({ channel }).annotate({ identifier: "PresenceRequest" })
export type PresenceRequest = typeof PresenceRequest.Type

export const PresenceStatsRequest = Schema.Struct({ channel }).annotate({
  identifier: "PresenceStatsRequest"
})
export type PresenceStatsRequest = typeof PresenceStatsRequest.Type

export const HistoryRequest = Schema.Struct({
  channel,
  limit: optional(
    Schema.Int.check(Schema.isGreaterThanOrEqualTo(-1)),
    "publications at most; 0: only the position, -1: all"
  ),
  since: optional(StreamPosition, "publications after it, in reverse those before it"),
  reverse: optional(Schema.Boolean, "newest first")
}).annotate({ identifier: "HistoryRequest" })
export type HistoryRequest = typeof HistoryRequest.Type

export const HistoryRemoveRequest = Schema.Struct({ channel }).annotate({
  identifier: "HistoryRemoveRequest"
})
export type HistoryRemoveRequest = typeof HistoryRemoveRequest.Type

export const ChannelsRequest = Schema.Struct({
  pattern: optional(
    Schema.String.check(Schema.isMaxLength(MAX_PATTERN)),
    'glob that names match: "news:*"; absent: all'
  )
}).annotate({ identifier: "ChannelsRequest" })
export type ChannelsRequest = typeof ChannelsRequest.Type

// The rest.

/** Any object: a struct without members would be any value. */
export const InfoRequest = Schema.Record(Schema.String, Schema.Unknown).annotate({
  identifier: "InfoRequest"
})
export type InfoRequest = typeof InfoRequest.Type

export const RpcRequest = Schema.Struct({
  method: about(Schema.NonEmptyString, "name of a method that the embedding program has"),
  params: optional(RawJson, "what the method takes: any JSON value")
}).annotate({ identifier: "RpcRequest" })
export type RpcRequest = typeof RpcRequest.Type

/** Every method that is one command, and so may stand in a batch. */
export const requests = {
  publish: PublishRequest,
  broadcast: BroadcastRequest,
  subscribe: SubscribeRequest,
  unsubscribe: UnsubscribeRequest,
  disconnect: DisconnectRequest,
  refresh: RefreshRequest,
  presence: PresenceRequest,
  presence_stats: PresenceStatsRequest,
  history: HistoryRequest,
  history_remove: HistoryRemoveRequest,
  channels: ChannelsRequest,
  info: InfoRequest,
  rpc: RpcRequest
} as const

export type MethodName = keyof typeof requests
export type RequestOf<M extends MethodName> = (typeof requests)[M]["Type"]

// Batches.

const Command = Schema.Struct(
  Object.fromEntries(Object.entries(requests).map(([name, schema]) => [name, Schema.optionalKey(schema)]))
).annotate({ identifier: "Command", description: "exactly one of these" })

const batchOf = <S extends Schema.Top>(command: S) =>
  Schema.Struct({
    commands: about(Schema.Array(command).check(Schema.isMaxLength(MAX_COMMANDS)), "what to do"),
    parallel: optional(Schema.Boolean, "do not wait for one command before the next begins")
  })

export const BatchRequest = batchOf(Command).annotate({ identifier: "BatchRequest" })

/** A batch whose commands are still to be checked, each on its own: one that is refused does not keep the others from running. */
export const BatchEnvelope = batchOf(Schema.Record(Schema.String, Schema.Unknown))
export type BatchEnvelope = typeof BatchEnvelope.Type

/** The head of a command in line form. `params` is a request as above. */
export const LineCommand = Schema.Struct({
  id: optional(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_294_967_295 })),
    "comes back with the answer"
  ),
  method: optional(Schema.String, "name of the method"),
  params: optional(RawJson, "its request")
}).annotate({ identifier: "LineCommand" })
export type LineCommand = typeof LineCommand.Type
