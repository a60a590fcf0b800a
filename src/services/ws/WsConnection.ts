/** HOT PATH. A connection on ws: about 6.3 KB of process memory with its socket. */
import type { Socket } from "node:net"
import { WebSocket } from "ws"
import { type CloseReason, CloseReasons } from "../../protocol/closeCodes.ts"
import { Connection } from "../hot/Connection.ts"
import { binaryFrame, textFrame } from "../hot/frames.ts"
import type { StalledWrites, WatchedConnection } from "../hot/StalledWrites.ts"

/**
 * Changes whenever the other side takes something of what waits: the bytes of the write under way that the kernel has not taken. Where Node
 * does not tell them, the bytes that wait in all, which change when a whole write is done.
 */
export const writeProgress = (socket: Socket): number => {
  const { _handle: handle } = socket as Socket & {
    readonly _handle?: { readonly writeQueueSize?: number } | null
  }
  return handle?.writeQueueSize ?? socket.writableLength
}

/** The socket class that ws makes for each connection: a field for the way back, instead of closures. */
export class WsSocket extends WebSocket {
  connection: WsConnection | undefined

  /** ws itself gives no reason where it closes for a message that is too big; clients are told the same on every transport. */
  override close(code?: number, reason?: string | Buffer): void {
    const { tooBig } = CloseReasons
    super.close(code, code === tooBig.code && reason === undefined ? tooBig.reason : reason)
  }
}

export class WsConnection extends Connection {
  /** The close code that we gave, or found (1002, 1007, 1009); it counts, whatever the client answers. */
  closedAs: number | undefined

  /**
   * @param raw the TCP or TLS socket below: frames are built by us and written to it directly
   * @param sendBuffer bytes that may wait in it
   */
  constructor(
    readonly socket: WsSocket,
    readonly raw: Socket,
    readonly sendBuffer: number,
    /** The address that the admission counts; empty when it counts none. */
    readonly countedAs: string,
    override attachment: unknown
  ) {
    super()
  }

  get address(): string {
    return this.raw.remoteAddress ?? this.countedAs
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN
  }

  /** More waits for the client than it may: it does not read. */
  get isSlow(): boolean {
    return this.raw.writableLength > this.sendBuffer
  }

  get backlog(): number {
    return this.raw.writableLength
  }

  send(data: Uint8Array, isBinary: boolean): boolean {
    if (!this.isOpen || this.isSlow) return false
    if (!this.raw.write(isBinary ? binaryFrame(data) : textFrame(data))) this.noteBacklog()
    return true
  }

  /** To be called when Node finds that much waits in the socket: 16 KiB. */
  noteBacklog(): void {}

  ping(): void {
    if (this.isOpen) this.socket.ping()
  }

  close(why: CloseReason): void {
    if (!this.isOpen) return
    this.closedAs = why.code
    this.leave()
    this.socket.close(why.code, why.reason)
  }

  terminate(): void {
    this.socket.terminate()
  }
}

/** The connection of a session: its writes are watched. */
export class WsSessionConnection extends WsConnection implements WatchedConnection {
  constructor(
    socket: WsSocket,
    raw: Socket,
    sendBuffer: number,
    countedAs: string,
    readonly stalledWrites: StalledWrites
  ) {
    super(socket, raw, sendBuffer, countedAs, undefined)
  }

  override get isSession(): boolean {
    return true
  }

  get progress(): number {
    return writeProgress(this.raw)
  }

  override noteBacklog(): void {
    this.stalledWrites.watch(this)
  }
}
