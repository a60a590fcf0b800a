/** HOT PATH. Subscriptions of a room that take the same frames, with their connections in the same order beside them. */
import type { Connection } from "./Connection.ts"
import { SlotList, smallArray } from "./SlotList.ts"
import type { Subscription } from "./Subscription.ts"
import type { Wire } from "./Wire.ts"

export class RoomList extends SlotList<Subscription> {
  readonly connections: Array<Connection> = smallArray()

  constructor(
    readonly wire: Wire,
    readonly isDelta: boolean,
    readonly hearsJoins: boolean
  ) {
    super()
  }

  override add(subscription: Subscription): void {
    super.add(subscription)
    subscription.list = this
    this.connections.push(subscription.subscriber.connection)
  }

  override remove(subscription: Subscription): boolean {
    if (!super.remove(subscription)) return false
    subscription.list = undefined
    this.connections.pop()
    return true
  }

  protected override move(from: number, to: number): number {
    this.connections[to] = this.connections[from]!
    return super.move(from, to)
  }
}
