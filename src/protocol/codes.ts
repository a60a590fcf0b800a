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

const error = (code: number, message: string, isTemporary = false): ErrorCode => ({
  code,
  message,
  isTemporary
})

export const ErrorCodes = {
  internal: error(100, "internal server error", true),
  unauthorized: error(101, "unauthorized"),
  unknownChannel: error(102, "unknown channel"),
  permissionDenied: error(103, "permission denied"),
  methodNotFound: error(104, "method not found"),
  alreadySubscribed: error(105, "already subscribed"),
  limitExceeded: error(106, "limit exceeded"),
  badRequest: error(107, "bad request"),
  notAvailable: error(108, "not available"),
  tokenExpired: error(109, "token expired"),
  expired: error(110, "expired"),
  tooManyRequests: error(111, "too many requests", true),
  unrecoverablePosition: error(112, "unrecoverable position")
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

const unsubscribe = (code: number, reason: string): UnsubscribeCode => ({ code, reason })

export const UnsubscribeCodes = {
  /** Asked for by the server API. */
  server: unsubscribe(2000, "server unsubscribe"),
  /** Publications were missed: the client is to recover. */
  insufficient: unsubscribe(2500, "insufficient state"),
  expired: unsubscribe(2501, "subscription expired")
} as const

/** Close codes that applications may choose: below 4500 clients reconnect, above they do not. */
export const isApplicationCloseCode = (code: number): boolean => code >= 4000 && code <= 4999

/** Whether clients reconnect after a close with this code. */
export const isReconnectCode = (code: number): boolean =>
  code < 3000 ? code !== 1009 : code < 3500 || (code >= 4000 && code < 4500) || code >= 5000
