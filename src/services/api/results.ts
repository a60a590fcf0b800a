/** What the methods of the server API answer with, for the OpenAPI document. resultJson.ts writes it. */
import * as Schema from "effect/Schema"
import { about, type MethodName, optional, RawJson } from "./requests.ts"

const Nothing = Schema.Record(Schema.String, Schema.Never).annotate({ identifier: "Nothing" })

export const ApiErrorResult = Schema.Struct({
  code: about(Schema.Int, "107 bad request, 102 unknown channel, …"),
  message: Schema.String
}).annotate({ identifier: "Error" })

const receipt = optional(
  Schema.String,
  "id of the receipt; absent where none was asked for, or nothing was published"
)

const PublishResult = Schema.Struct({
  offset: optional(Schema.Int, "of the publication; absent where nothing is kept"),
  epoch: optional(Schema.String, "of the stream"),
  receipt
}).annotate({ identifier: "PublishResult" })

const ClientInfo = Schema.Struct({
  user: Schema.String,
  client: Schema.String,
  conn_info: optional(RawJson, "what the connection's token says"),
  b64conn_info: optional(Schema.String, "the same where it is not JSON"),
  chan_info: optional(RawJson, "what the subscription's token says"),
  b64chan_info: optional(Schema.String, "the same where it is not JSON")
}).annotate({ identifier: "ClientInfo" })

const Publication = Schema.Struct({
  offset: Schema.Int,
  data: optional(RawJson, "as it was published"),
  b64data: optional(Schema.String, "the same where it is not JSON"),
  info: optional(ClientInfo, "who published it; absent where the server did"),
  tags: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
}).annotate({ identifier: "Publication" })

const PresenceStatsResult = Schema.Struct({
  num_clients: Schema.Int,
  num_users: about(Schema.Int, "different user ids")
}).annotate({ identifier: "PresenceStatsResult" })

const HistoryResult = Schema.Struct({
  publications: Schema.Array(Publication),
  epoch: about(Schema.String, "of the stream"),
  offset: about(Schema.Int, "of the newest publication; 0: there was none yet")
}).annotate({ identifier: "HistoryResult" })

const Channel = Schema.Struct({ num_clients: Schema.Int }).annotate({ identifier: "Channel" })

const Node = Schema.Struct({
  uid: Schema.String,
  name: Schema.String,
  version: Schema.String,
  num_clients: Schema.Int,
  num_users: Schema.Int,
  num_channels: Schema.Int,
  num_subs: Schema.Int,
  uptime: about(Schema.Int, "seconds")
}).annotate({ identifier: "Node" })

const response = <S extends Schema.Top>(result: S) =>
  Schema.Union([Schema.Struct({ result }), Schema.Struct({ error: ApiErrorResult })])

const BroadcastResult = Schema.Struct({
  responses: about(Schema.Array(response(PublishResult)), "one for each channel, in their order"),
  receipt
}).annotate({ identifier: "BroadcastResult" })

/** The result of each method. */
export const results = {
  publish: PublishResult,
  broadcast: BroadcastResult,
  subscribe: Nothing,
  unsubscribe: Nothing,
  disconnect: Nothing,
  refresh: Nothing,
  presence: Schema.Struct({
    presence: about(Schema.Record(Schema.String, ClientInfo), "by client id")
  }).annotate({ identifier: "PresenceResult" }),
  presence_stats: PresenceStatsResult,
  history: HistoryResult,
  history_remove: Nothing,
  channels: Schema.Struct({
    channels: about(Schema.Record(Schema.String, Channel), "those with subscribers, by name")
  }).annotate({ identifier: "ChannelsResult" }),
  info: Schema.Struct({
    nodes: about(Schema.Array(Node), "the processes that hold connections")
  }).annotate({ identifier: "InfoResult" }),
  rpc: Schema.Struct({ data: optional(RawJson, "what the method answered") }).annotate({
    identifier: "RpcResult"
  })
} as const satisfies Record<MethodName, Schema.Top>

/** What a method's request is answered with. */
export const responseOf = (method: MethodName) => response<Schema.Top>(results[method])

const Reply = Schema.Union([
  ...Object.entries(results).map(([name, result]) => Schema.Struct({ [name]: result as Schema.Top })),
  Schema.Struct({ error: ApiErrorResult })
]).annotate({ identifier: "Reply" })

/** A batch is answered without `result` around it. */
export const BatchResponse = Schema.Union([
  Schema.Struct({ replies: about(Schema.Array(Reply), "one for each command, in their order") }),
  Schema.Struct({ error: ApiErrorResult })
])
