/**
 * HOT PATH. Fan-out on uWebSockets.js: one publication as a bare loop of sends, several corked into one write.
 *
 * Measured for 10,000 connections (docs/benchmarks.md): the loop costs less than `app.publish`, whose topic tree only pays
 * when few of many hear; `cork` only pays from the second message on.
 */
import type { Connection } from "../hot/Connection.ts"
import type { FanOut, PreparedBatch, Tally } from "../hot/FanOut.ts"
import type { Frame } from "../hot/Publication.ts"
import { SENT, sendWhole, type UwsConnection } from "./UwsConnection.ts"

/** Nothing of the batch goes to a connection that is full. */
const skip = (connection: UwsConnection, frames: number, tally: Tally): void => {
  for (let i = 0; i < frames; i++) tally.dropped[i]!++
  tally.slow.push(connection)
}

class SingleFrame implements PreparedBatch {
  constructor(readonly frame: Frame) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    const { data, isBinary } = this.frame
    for (let i = from; i < to; i++) {
      const connection = connections[i] as UwsConnection
      const socket = connection.socket!
      if (connection.isFull && !connection.hasRoom(socket)) skip(connection, 1, tally)
      else if (sendWhole(socket, data, isBinary) !== SENT) connection.noteBacklog(socket)
    }
  }
}

class CorkedFrames implements PreparedBatch {
  #connection: UwsConnection | undefined
  #tally: Tally | undefined

  constructor(readonly frames: ReadonlyArray<Frame>) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    this.#tally = tally
    for (let i = from; i < to; i++) {
      const connection = connections[i] as UwsConnection
      const socket = connection.socket!
      if (connection.isFull && !connection.hasRoom(socket)) skip(connection, this.frames.length, tally)
      else {
        this.#connection = connection
        socket.cork(this.#sendAll)
        if (connection.isFull) tally.slow.push(connection)
        // What a corked send answers says nothing of the write at the end of the cork.
        else if (socket.getBufferedAmount() > 0) connection.noteBacklog(socket)
      }
    }
    this.#connection = undefined
  }

  /** One function for all connections: a closure for each would cost more than the send. */
  readonly #sendAll = (): void => {
    const { frames } = this
    const connection = this.#connection!
    const socket = connection.socket!
    for (let i = 0; i < frames.length; i++) {
      const { data, isBinary } = frames[i]!
      if (connection.isFull) this.#tally!.dropped[i]!++
      else if (sendWhole(socket, data, isBinary) !== SENT) connection.noteBacklog(socket)
    }
  }
}

export const uwsFanOut: FanOut = {
  prepare: (frames) => (frames.length === 1 ? new SingleFrame(frames[0]!) : new CorkedFrames(frames))
}
