/**
 * HOT PATH. One client socket, whatever the transport: a plain object without fiber, timer or closure of its own.
 *
 * Each field is paid for a million times: what can be per shard or per process does not stand here.
 */
import type { CloseReason } from "../../protocol/closeCodes.ts"
import type { Slotted } from "./SlotList.ts"

/** What holds a connection and hears of it: a shard. */
export interface ConnectionOwner {
  message(connection: Connection, data: Uint8Array, isBinary: boolean): void
  /** The connection is gone, or about to go: nothing is sent to it any more. Called once. */
  left(connection: Connection): void
}

export abstract class Connection implements Slotted {
  /** Place in the owner's `SlotList`. */
  slot = -1
  /** Number of its timer in the keepalive wheel. */
  timer = -1
  /** Tick of the keepalive wheel at which something last came from the client. */
  heardAt = 0
  /** Undefined before it is placed and after it left. */
  owner: ConnectionOwner | undefined

  /** Takes it from its owner: nothing is sent to it or heard from it any more, though its socket may live a moment longer. */
  leave(): void {
    const { owner } = this
    this.owner = undefined
    owner?.left(this)
  }
  /** What the onConnect hook of an embedding program gave for this connection. */
  attachment: unknown

  /** The client's address as text. Costs a call into the transport: not for hot code. */
  abstract readonly address: string
  /** Sends one message; false when it was dropped because the send buffer is full or the connection is closing. */
  abstract send(data: Uint8Array, isBinary: boolean): boolean
  abstract ping(): void
  /** Begins the close handshake; the client sees code and reason. Closing twice does nothing. */
  abstract close(why: CloseReason): void
  /** Ends at once, without a close frame. */
  abstract terminate(): void
}
