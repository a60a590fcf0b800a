/** HOT PATH. A connection on uWebSockets.js: about 1.1 KB of process memory with its socket. */
import type { WebSocket } from "uWebSockets.js"
import type { CloseReason } from "../../protocol/closeCodes.ts"
import { Connection } from "../hot/Connection.ts"

/** What uWebSockets.js copies onto its socket object: the way from a socket to its connection. */
export interface SocketData {
  connection: UwsConnection
}

/** uWebSockets.js' answer to a send that its backpressure limit forbids. */
export const DROPPED = 2

const text = new TextDecoder()

export class UwsConnection extends Connection {
  /** Undefined before the upgrade is done and after the end: every call on a closed socket would throw. */
  socket: WebSocket<SocketData> | undefined

  /** @param countedAs the address that the admission counts; empty when it counts none */
  constructor(
    readonly countedAs: string,
    override attachment: unknown
  ) {
    super()
  }

  get address(): string {
    return this.socket === undefined ? this.countedAs : text.decode(this.socket.getRemoteAddressAsText())
  }

  send(data: Uint8Array, isBinary: boolean): boolean {
    return this.socket !== undefined && this.socket.send(data, isBinary, false) !== DROPPED
  }

  ping(): void {
    this.socket?.ping()
  }

  close(why: CloseReason): void {
    this.socket?.end(why.code, why.reason)
  }

  terminate(): void {
    this.socket?.close()
  }
}
