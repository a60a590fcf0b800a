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

/** Takes a connection over once it is open, and sets its owner. */
export interface Opening {
  open(connection: Connection, home: SessionHome): void
}
