/** HOT PATH. Fan-out to streams, which take bytes as they are: what one drain has for them is joined once and is one write for each. */
import type { Connection } from "./Connection.ts"
import type { FanOut, PreparedBatch, Tally } from "./FanOut.ts"
import type { StreamConnection } from "./StreamConnection.ts"

class JoinedBytes implements PreparedBatch {
  constructor(
    readonly bytes: Uint8Array,
    readonly frames: number
  ) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    for (let i = from; i < to; i++) {
      const connection = connections[i] as StreamConnection
      if (!connection.isOpen) tally.closed++
      else if (!connection.send(this.bytes)) {
        for (let j = 0; j < this.frames; j++) tally.dropped[j]!++
        tally.slow.push(connection)
      }
    }
  }
}

export const streamFanOut: FanOut = {
  prepare: (frames) => {
    const bytes = frames.length === 1 ? frames[0]!.data : Buffer.concat(frames.map(({ data }) => data))
    return new JoinedBytes(bytes, frames.length)
  }
}
