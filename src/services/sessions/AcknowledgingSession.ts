/** A raw WebSocket with channels, where receipts may be acknowledged: what else it sends is ignored. */
import type { Connection } from "../hot/Connection.ts"
import { acknowledgedBy } from "../receipts/ackFrame.ts"
import { Session } from "./Session.ts"

export class AcknowledgingSession extends Session {
  override message(connection: Connection, data: Uint8Array, isBinary = false): void {
    const id = isBinary ? undefined : acknowledgedBy(data)
    if (id !== undefined) this.env.acks?.take(connection, id)
  }
}
