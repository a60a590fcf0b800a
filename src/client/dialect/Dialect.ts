/**
 * What connections speak over their WebSocket: when one is ready to hear what it is for, and what of a message is the payload.
 * One dialect serves all connections of a ramp; what it has to know of one of them is in its session.
 */
import type { ClientSocket } from "../ClientSocket.ts"
import type { Refusal } from "./Session.ts"

/** Whom a dialect tells; called from callbacks of sockets. */
export interface Listener {
  /** The connection hears from now on what it is for: `at` is the present in epoch milliseconds. */
  ready(socket: ClientSocket, at: number): void
  /** The server does not want this connection. The listener ends it. */
  refused(socket: ClientSocket, refusal: Refusal): void
  /** One message: its stamp, where it has one, else all of it. The bytes are valid only during the call. */
  payload(socket: ClientSocket, bytes: Uint8Array, at: number): void
  /** Publications that the connection should have heard and did not; null: some, and nobody knows how many. */
  missed(count: number | null): void
  /** A publication came twice. */
  duplicate(): void
  /** The connection is back in its channel: whether it got what it missed, and how many publications those were. */
  resumed(isRecovered: boolean, publications: number): void
  /** Broadcasts stamped between two times. */
  broadcastsBetween(from: number, to: number): number | null
}

export interface Dialect {
  /** The WebSocket is open. */
  opened(socket: ClientSocket, at: number): void
  /** One message. The bytes are valid only during the call. */
  message(socket: ClientSocket, bytes: Buffer, at: number): void
}
