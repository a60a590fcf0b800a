/** A shard of sessions without mailbox, fibers or slices: what comes waits until a test has it sent. */
import { deltaOf } from "../../../src/protocol/fossilDelta.ts"
import type { Hub, HubMember } from "../../../src/services/Hub.ts"
import type { ChannelEvent } from "../../../src/services/hot/ChannelEvent.ts"
import type { Connection } from "../../../src/services/hot/Connection.ts"
import { Drain } from "../../../src/services/hot/Drain.ts"
import type { SessionHome } from "../../../src/services/hot/Opening.ts"
import type { Publication } from "../../../src/services/hot/Publication.ts"
import { Room } from "../../../src/services/hot/Room.ts"
import { FakeFanOut } from "../FakeConnection.ts"

const fanOut = new FakeFanOut()

export class FakeHome implements SessionHome, HubMember {
  readonly rooms = new Map<string, Room>()
  readonly connections = new Set<Connection>()
  readonly waiting: Array<ChannelEvent> = []

  constructor(readonly hub: Hub["Service"]) {}

  get size(): number {
    return this.connections.size
  }

  room(channel: string): Room {
    const found = this.rooms.get(channel)
    if (found !== undefined) return found
    const room = new Room(channel, { fanOut, streamFanOut: fanOut, deltaOf })
    this.rooms.set(channel, room)
    this.hub.listen(channel, this)
    return room
  }

  vacate(room: Room): void {
    if (room.size > 0 || this.rooms.get(room.channel) !== room) return
    this.rooms.delete(room.channel)
    this.hub.ignore(room.channel, this)
  }

  enter(connection: Connection): void {
    this.connections.add(connection)
  }

  leave(connection: Connection): void {
    this.connections.delete(connection)
  }

  readonly offer = (publication: Publication): boolean => {
    this.waiting.push(publication as ChannelEvent)
    return true
  }

  /** Sends everything that waits, one event after the other. */
  send(): void {
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      const courses = this.rooms.get(event.channel)?.begin([{ event, at: 0 }]) ?? []
      const drain = new Drain(
        [event],
        [courses],
        () => 0,
        () => {},
        () => {}
      )
      while (drain.slice()) {}
    }
  }
}
