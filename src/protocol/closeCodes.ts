/** Why the server ends a connection: the close code and reason that the client sees, in one table. docs/errors.md is made from it. */

export interface CloseReason {
  readonly code: number
  readonly reason: string
}

/** A close reason of the server's own. */
export interface KnownCloseReason extends CloseReason {
  /** When it happens, for people. */
  readonly about: string
}

const entry = (code: number, reason: string, about: string): KnownCloseReason => ({ code, reason, about })

/**
 * Codes below 3000 are RFC 6455's and IANA's; the others have the meaning that the Centrifugo client protocol gives
 * them, for raw connections too. Clients reconnect on all of them but 1009 and 3500–3999.
 */
export const CloseReasons = {
  tooBig: entry(1009, "message size limit", "a message over `limits.messageSize`"),
  restart: entry(
    1012,
    "service restart",
    "the shard that holds the connection restarts, or, for raw connections, the server stops"
  ),
  tryAgain: entry(1013, "try again later", "no shard can take the connection now"),
  shutdown: entry(3001, "shutdown", "the server stops"),
  serverError: entry(
    3004,
    "internal server error",
    "the backend or the broker failed where no reply could say so"
  ),
  connectionExpired: entry(
    3005,
    "connection expired",
    "the connection was good until a time, and was not refreshed within `client.expiredCloseDelay`"
  ),
  subscriptionExpired: entry(
    3006,
    "subscription expired",
    "a subscription that the server made was good until a time, and was not refreshed"
  ),
  slow: entry(
    3008,
    "slow",
    "more bytes wait for a client that does not read than `client.queueMaxSize`, or `limits.sendBuffer` for raw connections"
  ),
  writeError: entry(
    3009,
    "write error",
    "the client took nothing of what waits for it within `client.writeTimeout`"
  ),
  insufficientState: entry(
    3010,
    "insufficient state",
    "publications were missed in a subscription that the server made; a raw connection cannot go on from where it says that it was; " +
      "a new token has other channels"
  ),
  forceReconnect: entry(3011, "force reconnect", "the application wants the client to connect anew"),
  noPong: entry(
    3012,
    "no pong",
    "no pong within `client.pongTimeout`; raw connections: nothing heard for `limits.idleTimeout`"
  ),
  tooManyRequests: entry(
    3013,
    "too many requests",
    "more commands wait than `client.commandQueue`, or connect was answered with error 111"
  ),
  invalidToken: entry(
    3500,
    "invalid token",
    "a token that is not good, or is for somebody or something else"
  ),
  badRequest: entry(
    3501,
    "bad request",
    "what came is not the protocol: undecodable, out of order, a pong without a ping, nothing that says who it is"
  ),
  stale: entry(3502, "stale", "no successful connect command within `client.staleCloseDelay`"),
  forceDisconnect: entry(
    3503,
    "force disconnect",
    "the application ended the connection, or somebody logged out of the dashboard, whose page it is"
  ),
  connectionLimit: entry(
    3504,
    "connection limit",
    "more connections of the user than `client.userConnectionLimit`, or a newer one where there may be one"
  ),
  channelLimit: entry(3505, "channel limit", "more server-side subscriptions than `client.channelLimit`"),
  inappropriateProtocol: entry(
    3506,
    "inappropriate protocol",
    "a payload that is not JSON, for a client that speaks JSON"
  ),
  permissionDenied: entry(
    3507,
    "permission denied",
    "a token without a user where that is not allowed; connect was refused with error 103"
  ),
  notAvailable: entry(3508, "not available", "a `send` command: nobody takes one-way messages")
} as const

/** Bytes of a reason: a close frame has 125, and the code takes two. */
export const MAX_REASON_BYTES = 123

/** As much of a reason as fits, in whole characters. */
export const fitReason = (reason: string): string => {
  const bytes = Buffer.from(reason)
  if (bytes.length <= MAX_REASON_BYTES) return reason
  let end = MAX_REASON_BYTES
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString("utf8", 0, end)
}

const ours: ReadonlySet<CloseReason> = new Set(Object.values(CloseReasons))

/** The end that a program asks for, as a close frame can say it; one with a code that none can is our failure. */
export const closable = (why: CloseReason): CloseReason => {
  if (ours.has(why)) return why
  const { code, reason } = why
  if (!Number.isInteger(code) || code < 3000 || code > 4999) return CloseReasons.serverError
  return Buffer.byteLength(reason) > MAX_REASON_BYTES ? { code, reason: fitReason(reason) } : why
}
