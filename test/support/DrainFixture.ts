import type { CloseReason } from "../../src/protocol/closeCodes.ts"
import type { Connection, ConnectionOwner } from "../../src/services/hot/Connection.ts"
import { type Course, Drain, sliceSize } from "../../src/services/hot/Drain.ts"
import type { Broadcast } from "../../src/services/hot/Publication.ts"
import { SlotList } from "../../src/services/hot/SlotList.ts"
import { type FakeConnection, FakeFanOut } from "./FakeConnection.ts"

/** A shard's connections, and a drain of these publications that has not begun. */
export class DrainFixture implements ConnectionOwner {
  readonly list = new SlotList<Connection>()
  readonly fanOut = new FakeFanOut()
  readonly slow: Array<Connection> = []
  finished = 0
  now = 1000
  readonly drain: Drain

  constructor(
    readonly connections: ReadonlyArray<FakeConnection>,
    readonly publications: ReadonlyArray<Broadcast>,
    onSlow: (connection: Connection) => void = () => {}
  ) {
    for (const connection of connections) this.join(connection)
    this.list.beginSweep()
    const course: Course = {
      list: this.list,
      connections: this.list.items,
      batch: this.fanOut.prepare(publications),
      publicationsOf: publications.map((_, i) => [i]),
      sliceSize: sliceSize(publications)
    }
    this.drain = new Drain(
      publications,
      [[course]],
      () => this.now++,
      (connection) => {
        this.slow.push(connection)
        onSlow(connection)
      },
      () => this.finished++
    )
  }

  join(connection: FakeConnection): void {
    connection.owner = this
    this.list.add(connection)
  }

  left(connection: Connection): void {
    this.list.remove(connection)
  }

  message(): void {}

  end(connection: Connection, why: CloseReason): void {
    connection.close(why)
  }

  /** Slices until the end; their number. */
  run(): number {
    let slices = 1
    while (this.drain.slice()) slices++
    return slices
  }

  counts(at = 0) {
    const { eligible, written, dropped, closed } = this.publications[at]!.delivery
    return { eligible, written, dropped, closed }
  }
}
