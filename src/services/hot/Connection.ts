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
  /** The connection is to end, and the client to be told why. */
  end(connection: Connection, why: CloseReason): void
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

  /** Ends it by way of its owner, who may have something to say to the client first. */
  end(why: CloseReason): void {
    if (this.owner === undefined) this.close(why)
    else this.owner.end(this, why)
  }

  /** What the onConnect hook of an embedding program gave for this connection. */
  attachment: unknown

  /** Whether a session looks after it: then the keepalive of raw connections does not. On the class, as it is for all of one kind. */
  get isSession(): boolean {
    return false
  }

  /** The client's address as text. Costs a call into the transport: not for hot code. */
  abstract readonly address: string
  /** Bytes that wait for the client in this process. Costs a call into the transport. */
  abstract readonly backlog: number
  /**
   * Sends one message, on a stream the bytes as they are; false when it was dropped because too much waits already, or the connection is
   * closing. The bytes must stay as they are: they may wait.
   */
  abstract send(data: Uint8Array, isBinary: boolean): boolean
  abstract ping(): void
  /** Begins the close handshake; the client sees code and reason. A stream ends after all that waits. Closing twice does nothing. */
  abstract close(why: CloseReason): void
  /** Ends at once, without a close frame. */
  abstract terminate(): void
}
