/** HOT PATH. What a shard gives to the client sessions that it holds. */
import type { Connection } from "./Connection.ts"
import type { Room } from "./Room.ts"

export interface SessionHome {
  /** The room of a channel, made where there is none; to be followed by `Room.add`. */
  room(channel: string): Room
  /** The room has lost a subscriber, perhaps its last. */
  vacate(room: Room): void
  /** It holds this connection of a session, until `leave`. */
  enter(connection: Connection): void
  leave(connection: Connection): void
}

/** What the route that accepted a connection wants done with it. */
export interface Opening {
  /** Takes the connection over once it has a place, right after the handshake or the head of the stream, and sets its owner. */
  open(connection: Connection, home: SessionHome): void
}
