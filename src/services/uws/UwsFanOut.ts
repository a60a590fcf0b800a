/**
 * HOT PATH. Fan-out on uWebSockets.js: one publication as a bare loop of sends, several corked into one write.
 *
 * Measured for 10,000 connections (docs/benchmarks.md): the loop costs less than `app.publish`, whose topic tree only pays
 * when few of many hear; `cork` only pays from the second message on.
 */
import type { WebSocket } from "uWebSockets.js"
import type { Connection } from "../hot/Connection.ts"
import type { FanOut, PreparedBatch, Tally } from "../hot/FanOut.ts"
import type { Publication } from "../hot/Publication.ts"
import { DROPPED, type SocketData, type UwsConnection } from "./UwsConnection.ts"

class SinglePublication implements PreparedBatch {
  constructor(readonly publication: Publication) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    const { data, isBinary } = this.publication
    for (let i = from; i < to; i++) {
      const connection = connections[i] as UwsConnection
      if (connection.socket!.send(data, isBinary, false) === DROPPED) {
        tally.dropped[0]!++
        tally.slow.push(connection)
      }
    }
  }
}

class CorkedPublications implements PreparedBatch {
  #socket: WebSocket<SocketData> | undefined
  #tally: Tally | undefined
  #isSlow = false

  constructor(readonly publications: ReadonlyArray<Publication>) {}

  send(connections: ReadonlyArray<Connection>, from: number, to: number, tally: Tally): void {
    this.#tally = tally
    for (let i = from; i < to; i++) {
      const connection = connections[i] as UwsConnection
      this.#socket = connection.socket
      this.#isSlow = false
      this.#socket!.cork(this.#sendAll)
      if (this.#isSlow) tally.slow.push(connection)
    }
    this.#socket = undefined
  }

  /** One function for all connections: a closure for each would cost more than the send. */
  readonly #sendAll = (): void => {
    const { publications } = this
    for (let i = 0; i < publications.length; i++) {
      const { data, isBinary } = publications[i]!
      if (this.#socket!.send(data, isBinary, false) === DROPPED) {
        this.#tally!.dropped[i]!++
        this.#isSlow = true
      }
    }
  }
}

export const uwsFanOut: FanOut = {
  prepare: (publications) =>
    publications.length === 1 ? new SinglePublication(publications[0]!) : new CorkedPublications(publications)
}
