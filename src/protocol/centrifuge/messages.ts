/**
 * The messages of the Centrifugo client protocol, version 2: field numbers are those of its Protobuf schema, JSON
 * names follow from the keys. Facts from github.com/centrifugal/protocol (0.21).
 *
 * Left out: map and shared-poll subscriptions, channel compaction and dictionary compression, which are
 * experimental there.
 */
import {
  always,
  bool,
  bytes,
  type Field,
  type Fields,
  int32,
  int64,
  list,
  type MessageOf,
  map,
  message,
  string,
  stringMap,
  strings,
  uint32,
  uint64
} from "./fields.ts"

// What both sides send.

export const ErrorFields = { code: uint32(1), message: string(2), temporary: bool(3) }

export const ClientInfoFields = {
  user: always(string(1)),
  client: always(string(2)),
  connInfo: bytes(3),
  chanInfo: bytes(4)
}
/** Who: a user, a connection, and what the application says of them. */
export type ClientInfo = MessageOf<typeof ClientInfoFields>

export const StreamPositionFields = { offset: uint64(1), epoch: string(2) }

export const PublicationFields = {
  data: bytes(4),
  info: message(5, () => ClientInfoFields),
  offset: uint64(6),
  tags: stringMap(7),
  delta: bool(8),
  /** Of the stream; comes with its first publication, for who did not know it. */
  epoch: string(14)
}
export type WirePublication = MessageOf<typeof PublicationFields>

// Requests.

/** A tags filter: an inner node has `op` and `nodes`, a leaf `key`, `cmp` and values. */
export interface FilterNode {
  readonly op?: string | undefined
  readonly key?: string | undefined
  readonly cmp?: string | undefined
  readonly val?: string | undefined
  readonly vals?: ReadonlyArray<string> | undefined
  readonly nodes?: ReadonlyArray<FilterNode> | undefined
}
export const FilterNodeFields = {
  op: string(1),
  key: string(2),
  cmp: string(3),
  val: string(4),
  vals: strings(5),
  // The type is told where it refers to itself.
  nodes: list(6, (): Fields => FilterNodeFields) as Field<ReadonlyArray<FilterNode>>
}

export const SubscribeRequestFields = {
  channel: string(1),
  token: string(2),
  recover: bool(3),
  epoch: string(6),
  offset: uint64(7),
  data: bytes(8),
  positioned: bool(9),
  recoverable: bool(10),
  joinLeave: bool(11),
  delta: string(12),
  tf: message(13, () => FilterNodeFields),
  /** 2: refuse with error 112 instead of a subscription that is not recovered. */
  flag: int64(14),
  /** 0 is a stream, the only kind here. */
  type: int32(15)
}
export type SubscribeRequest = MessageOf<typeof SubscribeRequestFields>

export const ConnectRequestFields = {
  token: string(1),
  data: bytes(2),
  subs: map(3, () => SubscribeRequestFields),
  name: string(4),
  version: string(5),
  headers: stringMap(6),
  flag: int64(7)
}
export type ConnectRequest = MessageOf<typeof ConnectRequestFields>

export const UnsubscribeRequestFields = { channel: string(1) }
export const PublishRequestFields = {
  channel: string(1),
  data: bytes(2),
  type: int32(3),
  key: string(4),
  removed: bool(5)
}
export const PresenceRequestFields = { channel: string(1) }
export const PresenceStatsRequestFields = { channel: string(1) }
export const HistoryRequestFields = {
  channel: string(1),
  limit: int32(7),
  since: message(8, () => StreamPositionFields),
  reverse: bool(9)
}
export const PingRequestFields = {}
export const SendRequestFields = { data: bytes(1) }
export const RpcRequestFields = { data: bytes(1), method: string(2) }
export const RefreshRequestFields = { token: string(1) }
export const SubRefreshRequestFields = { channel: string(1), token: string(2), type: int32(3) }

export type UnsubscribeRequest = MessageOf<typeof UnsubscribeRequestFields>
export type PublishRequest = MessageOf<typeof PublishRequestFields>
export type PresenceRequest = MessageOf<typeof PresenceRequestFields>
export type PresenceStatsRequest = MessageOf<typeof PresenceStatsRequestFields>
export type HistoryRequest = MessageOf<typeof HistoryRequestFields>
export type RpcRequest = MessageOf<typeof RpcRequestFields>
export type RefreshRequest = MessageOf<typeof RefreshRequestFields>
export type SubRefreshRequest = MessageOf<typeof SubRefreshRequestFields>

/** One command has exactly one request; should there be more, the first in this order counts. */
export const CommandFields = {
  id: uint32(1),
  connect: message(4, () => ConnectRequestFields),
  ping: message(11, () => PingRequestFields),
  subscribe: message(5, () => SubscribeRequestFields),
  unsubscribe: message(6, () => UnsubscribeRequestFields),
  publish: message(7, () => PublishRequestFields),
  presence: message(8, () => PresenceRequestFields),
  presenceStats: message(9, () => PresenceStatsRequestFields),
  history: message(10, () => HistoryRequestFields),
  rpc: message(13, () => RpcRequestFields),
  send: message(12, () => SendRequestFields),
  refresh: message(14, () => RefreshRequestFields),
  subRefresh: message(15, () => SubRefreshRequestFields)
}
export type Command = MessageOf<typeof CommandFields>

export const EmulationRequestFields = { node: string(1), session: string(2), data: bytes(3) }
/** Commands of a client whose connection is one-way. In JSON `data` is a string that holds the commands. */
export type EmulationRequest = MessageOf<typeof EmulationRequestFields>

// Results.

export const SubscribeResultFields = {
  expires: bool(1),
  /** Seconds. */
  ttl: uint32(2),
  recoverable: bool(3),
  epoch: string(6),
  publications: list(7, () => PublicationFields),
  recovered: bool(8),
  offset: uint64(9),
  positioned: bool(10),
  data: bytes(11),
  wasRecovering: bool(12),
  delta: bool(13)
}
export type SubscribeResult = MessageOf<typeof SubscribeResultFields>

export const ConnectResultFields = {
  client: string(1),
  version: string(2),
  expires: bool(3),
  /** Seconds. */
  ttl: uint32(4),
  data: bytes(5),
  subs: map(6, () => SubscribeResultFields),
  /** Seconds between pings. */
  ping: uint32(7),
  pong: bool(8),
  session: string(9),
  node: string(10),
  /** Milliseconds since the epoch. */
  time: int64(11)
}
export type ConnectResult = MessageOf<typeof ConnectResultFields>

export const PresenceResultFields = { presence: always(map(1, () => ClientInfoFields)) }
export const PresenceStatsResultFields = { numClients: always(uint32(1)), numUsers: always(uint32(2)) }
export const HistoryResultFields = {
  publications: always(list(1, () => PublicationFields)),
  epoch: always(string(2)),
  offset: always(uint64(3))
}
export const RpcResultFields = { data: bytes(1) }
export const RefreshResultFields = {
  client: string(1),
  version: string(2),
  expires: bool(3),
  ttl: uint32(4)
}
export const SubRefreshResultFields = { expires: bool(1), ttl: uint32(2) }

// Pushes.

export const JoinFields = { info: message(1, () => ClientInfoFields) }
export const UnsubscribePushFields = { code: uint32(2), reason: string(3) }
export const SubscribePushFields = {
  recoverable: bool(1),
  epoch: string(4),
  offset: uint64(5),
  positioned: bool(6),
  data: bytes(7)
}
/** As the result of connecting, with numbers of its own. */
export const ConnectPushFields = {
  client: string(1),
  version: string(2),
  data: bytes(3),
  subs: map(4, () => SubscribeResultFields),
  expires: bool(5),
  /** Seconds. */
  ttl: uint32(6),
  /** Seconds between pings. */
  ping: uint32(7),
  pong: bool(8),
  session: string(9),
  node: string(10),
  /** Milliseconds since the epoch. */
  time: int64(11)
}
export const MessagePushFields = { data: bytes(1) }
export const DisconnectPushFields = { code: uint32(1), reason: string(2), reconnect: bool(3) }
export const RefreshPushFields = { expires: bool(1), ttl: uint32(2) }

export const PushFields = {
  channel: string(2),
  pub: message(4, () => PublicationFields),
  join: message(5, () => JoinFields),
  leave: message(6, () => JoinFields),
  unsubscribe: message(7, () => UnsubscribePushFields),
  message: message(8, () => MessagePushFields),
  subscribe: message(9, () => SubscribePushFields),
  connect: message(10, () => ConnectPushFields),
  disconnect: message(11, () => DisconnectPushFields),
  refresh: message(12, () => RefreshPushFields)
}
export type Push = MessageOf<typeof PushFields>

/** With an id it answers the command of that id; without, it is a push; with nothing at all, a ping. */
export const ReplyFields = {
  id: uint32(1),
  error: message(2, () => ErrorFields),
  push: message(4, () => PushFields),
  connect: message(5, () => ConnectResultFields),
  subscribe: message(6, () => SubscribeResultFields),
  unsubscribe: message(7, () => PingRequestFields),
  publish: message(8, () => PingRequestFields),
  presence: message(9, () => PresenceResultFields),
  presenceStats: message(10, () => PresenceStatsResultFields),
  history: message(11, () => HistoryResultFields),
  ping: message(12, () => PingRequestFields),
  rpc: message(13, () => RpcResultFields),
  refresh: message(14, () => RefreshResultFields),
  subRefresh: message(15, () => SubRefreshResultFields)
}
export type Reply = MessageOf<typeof ReplyFields>
