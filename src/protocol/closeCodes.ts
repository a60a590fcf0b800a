/** Why the server ends a connection: the close code and reason that the client sees, in one table. */

export interface CloseReason {
  readonly code: number
  readonly reason: string
}

const entry = (code: number, reason: string): CloseReason => ({ code, reason })

/**
 * Codes below 3000 are RFC 6455's and IANA's; the others have the meaning that the Centrifugo client protocol gives
 * them, for raw connections too. Clients reconnect on all of them but 1009.
 */
export const CloseReasons = {
  /** A message over `limits.messageSize`. */
  tooBig: entry(1009, "message size limit"),
  /** The shard or the server that holds the connection stops or restarts. */
  restart: entry(1012, "service restart"),
  /** No shard can take the connection now. */
  tryAgain: entry(1013, "try again later"),
  /** More than `limits.sendBuffer` bytes wait for a client that does not read. */
  slow: entry(3008, "slow"),
  /** Nothing heard, not even a pong, for `limits.idleTimeout`. */
  noPong: entry(3012, "no pong")
} as const
