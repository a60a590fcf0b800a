/** HOT PATH. A connection on uWebSockets.js: about 1.1 KB of process memory with its socket. */
import type { WebSocket } from "uWebSockets.js"
import type { CloseReason } from "../../protocol/closeCodes.ts"
import { Connection } from "../hot/Connection.ts"
import type { StalledWrites, WatchedConnection } from "../hot/StalledWrites.ts"

/** What uWebSockets.js copies onto its socket object: the way from a socket to its connection. */
export interface SocketData {
  connection: UwsConnection
}

/** The socket as it really is: the package's types lack the fragments. */
export type UwsSocket = WebSocket<SocketData> & {
  sendFirstFragment(data: Uint8Array, isBinary: boolean, compress: boolean): number
  sendFragment(data: Uint8Array, compress: boolean): number
  sendLastFragment(data: Uint8Array, compress: boolean): number
}

/** `send` answers with this when everything went to the kernel. */
export const SENT = 1

/**
 * Larger messages go out in fragments of this size. A frame that does not fit uWebSockets.js' cork buffer of 16 KiB loses bytes when
 * the kernel takes it only in part (seen with @rjweb/uws 1.5.0: the client's next frame is garbage); smaller ones are sound.
 */
const FRAGMENT_BYTES = 16_000

const text = new TextDecoder()

export class UwsConnection extends Connection {
  /** Undefined before the upgrade is done and after the end: every call on a closed socket would throw. */
  socket: UwsSocket | undefined
  /**
   * Set when more than `sendBuffer` bytes wait. uWebSockets.js' own limit is off, as it would drop fragments out of the middle of a
   * message; and a connection that is not full costs no question at each send.
   */
  isFull = false

  /**
   * @param sendBuffer bytes that may wait in the socket; the message that passes the limit is still taken
   * @param countedAs the address that the admission counts; empty when it counts none
   */
  constructor(
    readonly sendBuffer: number,
    readonly countedAs: string,
    override attachment: unknown
  ) {
    super()
  }

  get address(): string {
    return this.socket === undefined ? this.countedAs : text.decode(this.socket.getRemoteAddressAsText())
  }

  get backlog(): number {
    return this.socket?.getBufferedAmount() ?? 0
  }

  send(data: Uint8Array, isBinary: boolean): boolean {
    const { socket } = this
    if (socket === undefined || (this.isFull && !this.hasRoom(socket))) return false
    if (sendWhole(socket, data, isBinary) !== SENT) this.noteBacklog(socket)
    return true
  }

  /** Whether a full connection has been read from since. */
  hasRoom(socket: UwsSocket): boolean {
    this.noteBacklog(socket)
    return !this.isFull
  }

  /** To be called when something waits in the socket. */
  noteBacklog(socket: UwsSocket): void {
    this.isFull = socket.getBufferedAmount() > this.sendBuffer
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

/** The connection of a session: it is told when the client takes something of what waits. */
export class UwsSessionConnection extends UwsConnection implements WatchedConnection {
  /** How often the client took something of what waited; over TLS, how often it took all: uWebSockets.js tells no more of it. */
  progress = 0

  constructor(
    sendBuffer: number,
    countedAs: string,
    readonly stalledWrites: StalledWrites
  ) {
    super(sendBuffer, countedAs, undefined)
  }

  override get isSession(): boolean {
    return true
  }

  override noteBacklog(socket: UwsSocket): void {
    super.noteBacklog(socket)
    this.stalledWrites.watch(this)
  }
}

/** One message, in one frame or in fragments; SENT when nothing waits. */
export const sendWhole = (socket: UwsSocket, data: Uint8Array, isBinary: boolean): number =>
  data.length <= FRAGMENT_BYTES ? socket.send(data, isBinary, false) : sendFragments(socket, data, isBinary)

const sendFragments = (socket: UwsSocket, data: Uint8Array, isBinary: boolean): number => {
  socket.sendFirstFragment(data.subarray(0, FRAGMENT_BYTES), isBinary, false)
  let at = FRAGMENT_BYTES
  for (; at + FRAGMENT_BYTES < data.length; at += FRAGMENT_BYTES) {
    socket.sendFragment(data.subarray(at, at + FRAGMENT_BYTES), false)
  }
  return socket.sendLastFragment(data.subarray(at), false)
}
