/**
 * What crosses for the server API and for webhooks: commands to sessions, what a worker holds, and what happened to its
 * sessions.
 */
import * as Schema from "effect/Schema"
import { StreamPosition } from "./questions.ts"

const target = {
  user: Schema.String,
  client: Schema.optional(Schema.String),
  session: Schema.optional(Schema.String)
}

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
    expireAt: Schema.optional(Schema.Number),
    override: Schema.optional(Override)
  },
  Unsubscribe: { ...target, channel: Schema.String },
  Disconnect: {
    ...target,
    code: Schema.Number,
    reason: Schema.String,
    whitelist: Schema.Array(Schema.String)
  },
  Refresh: {
    ...target,
    isExpired: Schema.Boolean,
    expireAt: Schema.optional(Schema.Number),
    info: Schema.optional(Schema.Uint8Array)
  }
})

/** `NodeInfo` of services/Control.ts. */
export const NodeInfo = Schema.Struct({
  uid: Schema.String,
  name: Schema.String,
  version: Schema.String,
  numClients: Schema.Number,
  numUsers: Schema.Number,
  numChannels: Schema.Number,
  numSubs: Schema.Number,
  uptime: Schema.Number
})

const ending = { client: Schema.String, user: Schema.String, code: Schema.Number, reason: Schema.String }

/** What of `SessionEvent` happens in one worker; the others are seen in the primary alone. */
export const WorkerEvent = Schema.TaggedUnion({
  Disconnected: ending,
  Unsubscribed: { ...ending, channel: Schema.String }
})
export type WorkerEvent = typeof WorkerEvent.Type
export const workerEventTags = ["Disconnected", "Unsubscribed"] as const
