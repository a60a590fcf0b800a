/**
 * What crosses for the server API and for webhooks: commands to sessions, what a worker holds, and what happened to its
 * sessions.
 */
import * as Schema from "effect/Schema"
import { MAX_REASON_BYTES } from "../../protocol/closeCodes.ts"
import { Count } from "../numbers.ts"
import { StreamPosition } from "./questions.ts"

const target = {
  user: Schema.String,
  client: Schema.optional(Schema.String),
  session: Schema.optional(Schema.String),
  login: Schema.optional(Schema.String)
}

/** What fits into a close frame. */
const Reason = Schema.String.check(
  Schema.makeFilter((reason) => Buffer.byteLength(reason) <= MAX_REASON_BYTES)
)

const Override = Schema.Struct({
  presence: Schema.optional(Schema.Boolean),
  joinLeave: Schema.optional(Schema.Boolean),
  forceRecovery: Schema.optional(Schema.Boolean),
  forcePositioning: Schema.optional(Schema.Boolean),
  forcePushJoinLeave: Schema.optional(Schema.Boolean)
})

/** `ControlCommand` of services/Control.ts. */
export const ControlCommand = Schema.TaggedUnion({
  Subscribe: {
    ...target,
    channel: Schema.String,
    recoverSince: Schema.optional(StreamPosition),
    info: Schema.optional(Schema.Uint8Array),
    data: Schema.optional(Schema.Uint8Array),
    expireAt: Schema.optional(Schema.Finite),
    override: Schema.optional(Override)
  },
  Unsubscribe: { ...target, channel: Schema.String },
  Disconnect: {
    ...target,
    code: Schema.Int.check(Schema.isBetween({ minimum: 1000, maximum: 4999 })),
    reason: Reason,
    whitelist: Schema.Array(Schema.String)
  },
  Refresh: {
    ...target,
    isExpired: Schema.Boolean,
    expireAt: Schema.optional(Schema.Finite),
    info: Schema.optional(Schema.Uint8Array)
  }
})

/** `NodeInfo` of services/Control.ts. */
export const NodeInfo = Schema.Struct({
  uid: Schema.String,
  name: Schema.String,
  version: Schema.String,
  numClients: Count,
  numUsers: Count,
  numChannels: Count,
  numSubs: Count,
  uptime: Schema.Finite
})

const ending = { client: Schema.String, user: Schema.String, code: Schema.Number, reason: Schema.String }

/** What of `SessionEvent` happens in one worker; the others are seen in the primary alone. */
export const WorkerEvent = Schema.TaggedUnion({
  Disconnected: ending,
  Unsubscribed: { ...ending, channel: Schema.String }
})
export type WorkerEvent = typeof WorkerEvent.Type
export const workerEventTags = ["Disconnected", "Unsubscribed"] as const
