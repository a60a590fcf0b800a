/** A connection without a socket: it takes down what it is told, and can be slow or closing at will. */
import type { CloseReason } from "../../src/protocol/closeCodes.ts"
import { Connection } from "../../src/services/hot/Connection.ts"
import type { FanOut, PreparedBatch, Tally } from "../../src/services/hot/FanOut.ts"
import { type Broadcast, Delivery, type Frame } from "../../src/services/hot/Publication.ts"

export class FakeConnection extends Connection {
  /** The beginning of each message. */
  readonly sent: Array<string> = []
  pings = 0
  closedWith: CloseReason | undefined
  /** Messages that its send buffer still takes. */
  room = Number.POSITIVE_INFINITY
  /** Its close handshake is under way: nothing is sent to it any more, though it stands in its list. */
  isClosing = false
  onPing: (() => void) | undefined
  backlog = 0

  constructor(readonly address = "127.0.0.1") {
    super()
  }

  send(data: Uint8Array): boolean {
    if (this.isClosing || this.room <= 0) return false
    this.room--
    this.sent.push(beginning(data))
    return true
  }

  ping(): void {
    this.pings++
    this.onPing?.()
  }

  /** As transports do: the owner hears at once. */
  close(why: CloseReason): void {
    if (this.closedWith !== undefined) return
    this.closedWith = why
    this.isClosing = true
    this.leave()
  }

  terminate(): void {
    this.isClosing = true
    this.leave()
  }
}

/** Enough of a message to know it by, however large it is. */
export const beginning = (data: Uint8Array): string => Buffer.from(data.subarray(0, 32)).toString()

/** Sends to fake connections, and takes down the size of each slice. */
export class FakeFanOut implements FanOut {
  prepared = 0
  readonly slices: Array<number> = []

  prepare(frames: ReadonlyArray<Frame>): PreparedBatch {
    this.prepared++
    return {
      send: (connections, from, to, tally) => {
        this.slices.push(to - from)
        for (let i = from; i < to; i++) sendBatch(connections[i] as FakeConnection, frames, tally)
      }
    }
  }
}

const sendBatch = (connection: FakeConnection, frames: ReadonlyArray<Frame>, tally: Tally): void => {
  if (connection.isClosing) {
    tally.closed++
    return
  }
  const missed = frames.map(({ data }) => !connection.send(data))
  missed.forEach((isMissed, i) => {
    if (isMissed) tally.dropped[i]!++
  })
  if (missed.includes(true)) tally.slow.push(connection)
}

/** A publication that one shard is to deliver. */
export const publication = (data: string | Uint8Array): Broadcast => {
  const delivery = new Delivery()
  delivery.expect(1)
  return { data: typeof data === "string" ? Buffer.from(data) : data, isBinary: false, delivery }
}
