/**
 * Who may do what in a channel: the rules of the protocol as pure decisions, in the order in which they count. The server API asks nobody.
 *
 * A user is "" where the connection is nobody's in particular (anonymous).
 */
import { type ChannelOptions, hasHistory } from "../../config/channelKeys.ts"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import type { ChannelFacts } from "./Channels.ts"

interface Asker {
  readonly options: ChannelOptions
  readonly user: string
  /** `client.insecure`: what no rule refuses is allowed. */
  readonly isInsecure: boolean
}

interface Participant extends Asker {
  readonly isSubscribed: boolean
}

type Refusal = ErrorCode

const allowedIf = (isAllowed: boolean): "allowed" | Refusal =>
  isAllowed ? "allowed" : ErrorCodes.permissionDenied

/**
 * Whether the options allow it, however the channel is made otherwise: who may read history may also ask for positioning and recovery, and
 * who may read presence for joins and leaves.
 */
export const isGranted = (
  what: "Publish" | "Presence" | "History",
  { options, user, isInsecure, isSubscribed }: Participant
): boolean =>
  isInsecure ||
  ((options[`allow${what}ForClient`] || (options[`allow${what}ForSubscriber`] && isSubscribed)) &&
    (user !== "" || options[`allow${what}ForAnonymous`]))

/**
 * Private channels need a token; a token alone is enough; channels that list their users are for those alone; then the backend decides where
 * there is one, then the options.
 */
export const maySubscribe = (
  asker: Asker & {
    readonly facts: ChannelFacts
    /** A token for this user and channel was verified. */
    readonly hasToken: boolean
    /** The backend decides about subscriptions to this channel. */
    readonly hasBackend: boolean
  }
): "allowed" | "askBackend" | Refusal => {
  const { options, facts, user, isInsecure } = asker
  if (asker.hasToken) return "allowed"
  if (facts.isPrivate) return ErrorCodes.permissionDenied
  if (options.allowUserLimitedChannels && facts.users !== undefined)
    return allowedIf(user !== "" && facts.users.includes(user))
  if (asker.hasBackend) return "askBackend"
  if (options.subscribeProxyEnabled) return ErrorCodes.notAvailable
  return allowedIf(
    isInsecure || (options.allowSubscribeForClient && (user !== "" || options.allowSubscribeForAnonymous))
  )
}

/** The backend decides where there is one, then the options. */
export const mayPublish = (
  asker: Participant & {
    /** The backend decides about publications in this channel. */
    readonly hasBackend: boolean
  }
): "allowed" | "askBackend" | Refusal => {
  if (asker.hasBackend) return "askBackend"
  if (asker.options.publishProxyEnabled) return ErrorCodes.notAvailable
  return allowedIf(isGranted("Publish", asker))
}

/** Presence and its statistics; 108 where the channel keeps none. */
export const mayReadPresence = (asker: Participant): "allowed" | Refusal =>
  asker.options.presence ? allowedIf(isGranted("Presence", asker)) : ErrorCodes.notAvailable

/** 108 where the channel keeps none. */
export const mayReadHistory = (asker: Participant): "allowed" | Refusal =>
  hasHistory(asker.options) ? allowedIf(isGranted("History", asker)) : ErrorCodes.notAvailable
