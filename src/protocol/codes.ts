/**
 * The codes of the Centrifugo client protocol: errors of commands, ends of subscriptions, ends of connections. docs/errors.md is made from these
 * tables and from `closeCodes.ts`.
 */

import { type CloseReason, CloseReasons } from "./closeCodes.ts"

/** The answer to a command that failed. Clients try again by themselves where it is temporary. */
export interface ErrorCode {
  readonly code: number
  readonly message: string
  readonly isTemporary: boolean
}

/** An error of the server's own. */
export interface KnownErrorCode extends ErrorCode {
  /** When it happens, for people. */
  readonly about: string
}

const error = (code: number, message: string, about: string, isTemporary = false): KnownErrorCode => ({
  code,
  message,
  isTemporary,
  about
})

export const ErrorCodes = {
  internal: error(100, "internal server error", "the broker, the backend or the server itself failed", true),
  unauthorized: error(101, "unauthorized", "not used by the server itself; a backend may answer with it"),
  unknownChannel: error(
    102,
    "unknown channel",
    "the channel's namespace is not in `channels.namespaces`; of the RPC `ack`, the receipt is not known"
  ),
  permissionDenied: error(
    103,
    "permission denied",
    "the options of the channel, or its token, do not allow it"
  ),
  methodNotFound: error(
    104,
    "method not found",
    "an RPC, or a method of the server API, that does not exist"
  ),
  alreadySubscribed: error(105, "already subscribed", "by the client itself, or by the server"),
  limitExceeded: error(
    106,
    "limit exceeded",
    "more subscriptions than `client.channelLimit`; presence of a channel with more than 10,000 clients, where there are several nodes"
  ),
  badRequest: error(107, "bad request", "a name, filter or payload that is not allowed"),
  notAvailable: error(
    108,
    "not available",
    "presence, history or the backend is off for this channel or method"
  ),
  tokenExpired: error(109, "token expired", "the client is to get a new token and try again"),
  expired: error(110, "expired", "the connection would be over before it began"),
  tooManyRequests: error(
    111,
    "too many requests",
    "not used by the server itself; a backend may answer with it",
    true
  ),
  unrecoverablePosition: error(
    112,
    "unrecoverable position",
    "the stream is another one than the position is of, or what was missed is gone"
  )
} as const

/** How a connection ends whose connect command failed, where there is no reply to carry the error. */
export const closeReasonOf = ({ code }: ErrorCode): CloseReason => {
  if (code === ErrorCodes.tokenExpired.code || code === ErrorCodes.expired.code)
    return CloseReasons.connectionExpired
  if (code === ErrorCodes.tooManyRequests.code) return CloseReasons.tooManyRequests
  if (code === ErrorCodes.permissionDenied.code) return CloseReasons.permissionDenied
  return CloseReasons.serverError
}

/** Error codes that applications may choose, in answers of proxies and hooks. */
export const isApplicationErrorCode = (code: number): boolean => code >= 400 && code <= 1999

/** The end of a subscription; on codes from 2500 on clients subscribe again by themselves. */
export interface UnsubscribeCode {
  readonly code: number
  readonly reason: string
}

/** An end of the server's own. */
export interface KnownUnsubscribeCode extends UnsubscribeCode {
  /** When it happens, for people. */
  readonly about: string
}

const unsubscribe = (code: number, reason: string, about: string): KnownUnsubscribeCode => ({
  code,
  reason,
  about
})

export const UnsubscribeCodes = {
  server: unsubscribe(2000, "server unsubscribe", "asked for by the server API"),
  insufficient: unsubscribe(
    2500,
    "insufficient state",
    "publications were missed: the client subscribes again and recovers"
  ),
  expired: unsubscribe(
    2501,
    "subscription expired",
    "it was good until a time, and was not refreshed within `client.expiredSubCloseDelay`"
  )
} as const

/** Close codes that applications may choose: below 4500 clients reconnect, above they do not. */
export const isApplicationCloseCode = (code: number): boolean => code >= 4000 && code <= 4999

/** Whether clients reconnect after a close with this code. */
export const isReconnectCode = (code: number): boolean =>
  code < 3000 ? code !== 1009 : code < 3500 || (code >= 4000 && code < 4500) || code >= 5000
