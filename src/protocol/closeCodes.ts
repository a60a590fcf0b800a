/** Why the server ends a connection: the close code and reason that the client sees, in one table. */

export interface CloseReason {
  readonly code: number
  readonly reason: string
}

const entry = (code: number, reason: string): CloseReason => ({ code, reason })

/**
 * Codes below 3000 are RFC 6455's and IANA's; the others have the meaning that the Centrifugo client protocol gives
 * them, for raw connections too. Clients reconnect on all of them but 1009 and 3500–3999.
 */
export const CloseReasons = {
  /** A message over `limits.messageSize`. */
  tooBig: entry(1009, "message size limit"),
  /** The shard or the server that holds the connection stops or restarts. */
  restart: entry(1012, "service restart"),
  /** No shard can take the connection now. */
  tryAgain: entry(1013, "try again later"),
  /** The application asked the connection to go, and to come back. */
  shutdown: entry(3001, "shutdown"),
  serverError: entry(3004, "internal server error"),
  /** The connection was good until a time that has come, and was not refreshed. */
  connectionExpired: entry(3005, "connection expired"),
  /** A subscription that the server made was good until a time that has come. */
  subscriptionExpired: entry(3006, "subscription expired"),
  /** More bytes wait than may for a client that does not read. */
  slow: entry(3008, "slow"),
  /** The client took nothing of what waits for it within the time of a write. */
  writeError: entry(3009, "write error"),
  /** Publications were missed in a subscription that the server made: the client is to recover. */
  insufficientState: entry(3010, "insufficient state"),
  forceReconnect: entry(3011, "force reconnect"),
  /** Nothing heard, not even a pong, for as long as may be. */
  noPong: entry(3012, "no pong"),
  tooManyRequests: entry(3013, "too many requests"),
  invalidToken: entry(3500, "invalid token"),
  /** What came is not the protocol. */
  badRequest: entry(3501, "bad request"),
  /** No successful connect command in time. */
  stale: entry(3502, "stale"),
  /** The application ended the connection. */
  forceDisconnect: entry(3503, "force disconnect"),
  connectionLimit: entry(3504, "connection limit"),
  channelLimit: entry(3505, "channel limit"),
  /** A payload that is not JSON, for a client that speaks JSON. */
  inappropriateProtocol: entry(3506, "inappropriate protocol"),
  permissionDenied: entry(3507, "permission denied"),
  notAvailable: entry(3508, "not available")
} as const
