/**
 * What an embedding program may import: the service as a layer, publishing, hooks, and what tells about them. Everything else is
 * also exported by subpath ("clarion/services/Hub"), without a promise that it stays.
 */
export { ConfigInvalid } from "./config/resolve.ts"
export { type ServerConfigValue, serverConfig } from "./config/ServerConfig.ts"
export { PushServer } from "./PushServer.ts"
export { type ActorNode, ActorTree } from "./services/ActorTree.ts"
export { type ApiError, type RpcMethod, RpcMethods } from "./services/api/RpcMethods.ts"
export {
  BackendDisconnect,
  BackendError,
  BackendFailed,
  BackendHooks,
  type BackendHooksShape
} from "./services/backend/Backend.ts"
export { Broker, BrokerUnavailable, PublicationTooLarge } from "./services/broker/Broker.ts"
export { Control } from "./services/Control.ts"
export { Hooks, type HooksShape, type Refused } from "./services/Hooks.ts"
export { Connection } from "./services/hot/Connection.ts"
export * as Logs from "./services/Logs.ts"
export { Metrics, type Sample } from "./services/Metrics.ts"
export { NatsUnreachable } from "./services/nats/NatsLink.ts"
export { Presence } from "./services/Presence.ts"
export { type BroadcastOptions, NotUtf8, Publisher } from "./services/Publisher.ts"
export {
  type OpenReceipt,
  type Receipt,
  type ReceiptSubject,
  Receipts
} from "./services/receipts/Receipts.ts"
export type { SessionEvent } from "./services/SessionEvents.ts"
export { SessionListener } from "./services/SessionListener.ts"
export type { Run, Schedule, ScheduleSpec, ScheduleState } from "./services/schedules/Schedule.ts"
export {
  type ScheduleChange,
  ScheduleConflict,
  ScheduleInvalid,
  type ScheduleRequest,
  Scheduler,
  ScheduleUnknown,
  TooManySchedules
} from "./services/schedules/Scheduler.ts"
export { type ConnectRequest, ListenFailed } from "./services/Transport.ts"
