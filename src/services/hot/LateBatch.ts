/** HOT PATH. Serves subscribers who are not in step with their room, one by one. */
import type { ChannelEvent } from "./ChannelEvent.ts"
import type { Connection } from "./Connection.ts"
import type { PreparedBatch } from "./FanOut.ts"
import type { Step } from "./Room.ts"
import type { RoomList } from "./RoomList.ts"

export class LateBatch implements PreparedBatch {
  constructor(
    readonly late: RoomList,
    readonly steps: ReadonlyArray<Step>
  ) {}

  /** What is held back, filtered or known already counts as written: it was not lost. */
  send(_: ReadonlyArray<Connection>, from: number, to: number): void {
    // Whoever is in step afterwards leaves the list, and others move up: so a copy is visited.
    for (const subscription of this.late.items.slice(from, to)) {
      let last: ChannelEvent | undefined
      for (const { event, before, patch } of this.steps) {
        // It may have left, or its connection may have ended, at the event before.
        if (subscription.list !== this.late) break
        if (subscription.take(event, before !== undefined && before === last ? patch : undefined))
          last = event
      }
      if (subscription.list === this.late) subscription.room.promote(subscription)
    }
  }
}
