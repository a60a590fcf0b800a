/**
 * HOT PATH. Fan-out on ws: the frames of one drain are built and joined once, and written to each socket with one write.
 *
 * `socket.send` of ws would build a header and make two writes for each message and connection: 7.6–8.8 µs a message at any
 * depth, where this costs one write for all messages of the drain (docs/benchmarks.md).
 */
import type { Connection } from "../hot/Connection.ts"
import type { FanOut, PreparedBatch, Tally } from "../hot/FanOut.ts"
import { binaryFrame, joinFrames, textFrame } from "../hot/frames.ts"
import type { WsConnection } from "./WsConnection.ts"

class JoinedFrames implements PreparedBatch {
  constructor(
    readonly bytes: Buffer,
    readonly frames: number
  ) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    for (let i = from; i < to; i++) {
      const connection = connections[i] as WsConnection
      if (!connection.isOpen) tally.closed++
      else if (connection.isSlow) {
        for (let j = 0; j < this.frames; j++) tally.dropped[j]!++
        tally.slow.push(connection)
      } else if (!connection.raw.write(this.bytes)) connection.noteBacklog()
    }
  }
}

export const wsFanOut: FanOut = {
  prepare: (batch) => {
    const frames = batch.map(({ data, isBinary }) => (isBinary ? binaryFrame(data) : textFrame(data)))
    return new JoinedFrames(joinFrames(frames), frames.length)
  }
}
