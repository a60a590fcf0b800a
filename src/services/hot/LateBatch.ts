/** HOT PATH. Serves subscribers who are not in step with their room, one by one. */
import type { Connection } from "./Connection.ts"
import type { PreparedBatch } from "./FanOut.ts"
import type { Turn } from "./Room.ts"
import type { RoomList } from "./RoomList.ts"

export class LateBatch implements PreparedBatch {
  constructor(
    readonly late: RoomList,
    readonly turns: ReadonlyArray<Turn>
  ) {}

  /** What is held back, filtered or known already counts as written: it was not lost. */
  send(_: ReadonlyArray<Connection>, from: number, to: number): void {
    // Whoever is in step afterwards leaves the list, and others move up: so a copy is visited.
    for (const subscription of this.late.items.slice(from, to)) {
      for (const { event } of this.turns) {
        // It may have left, or its connection may have ended, at the event before.
        if (subscription.list === this.late) subscription.take(event)
      }
      if (subscription.list === this.late) subscription.room.promote(subscription)
    }
  }
}
