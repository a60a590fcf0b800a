/**
 * One WebSocket client connection, as light as `net` allows: some tens of thousands of these live in one process.
 * Made by `Connector.connect`; what happens to it is told to the Connector's owner.
 *
 * It holds no timer, no closure and no buffer of its own while idle: events come through functions shared by all
 * sockets, reads go through one shared buffer, and an owner that wants timeouts sweeps its sockets by `state` and
 * `since` and calls `timeOut`. (A 'data' event costs 5.6 µs a message, an `onread` callback 4.1 µs.)
 */
import type * as net from "node:net"
import { FrameParser } from "../services/hot/frameParser.ts"
import { closePayload, maskedFrame, Opcode } from "../services/hot/frames.ts"
import type { FrameViolation } from "../services/hot/frameViolation.ts"
import type { Closed, Connector } from "./Connector.ts"
import type { Session } from "./dialect/Session.ts"
import { handshakeFailure, KEY_BYTES, ResponseHead, withKey } from "./handshake.ts"
import { MAX_PORT_TRIES } from "./localPorts.ts"
import { fromSystemError, isPortTaken, type SocketError } from "./SocketError.ts"

/** Bytes that may wait to be written; a send over it is refused, and a pong is left out. */
export const MAX_UNSENT_BYTES = 65_536

/**
 * connecting → handshaking → open → closing → closed; every state may go to closed at once. `closing` lasts from our
 * close frame, or the end of the connection's use, until the TCP connection has ended.
 */
export type SocketState = "connecting" | "handshaking" | "open" | "closing" | "closed"

/** Everything that only the opening needs, let go once the connection is open. */
interface Opening {
  readonly key: string
  readonly head: ResponseHead
  /** Local ports tried that were taken, and whether the next one is due. */
  portsTaken: number
  redial: boolean
}

const owned = Symbol("clarion/ClientSocket")
type OwnedSocket = net.Socket & { [owned]: ClientSocket }

export class ClientSocket {
  state: SocketState = "connecting"
  /** When `connect` was called. */
  readonly startedAt: number
  /** When `state` was entered; for sweeps. */
  since: number
  /** Whether `onOpen` was told. */
  opened = false
  /** The owner's place for it, for instance its index in a dense array. */
  slot = -1
  /** What the owner knows of it beyond this one socket; null where it needs to know nothing. */
  session: Session | null = null
  readonly connector: Connector
  private socket: OwnedSocket
  private readonly parser = new FrameParser()
  private opening: Opening | null
  /** How it ended, once that is known; told when the TCP connection is gone. */
  private outcome: Closed | SocketError | null = null

  constructor(connector: Connector) {
    this.connector = connector
    this.startedAt = connector.owner.now()
    this.since = this.startedAt
    const { bytes } = connector.random
    const keyAt = connector.random.take(KEY_BYTES)
    const key = Buffer.from(bytes.buffer, keyAt, KEY_BYTES).toString("base64")
    this.opening = { key, head: new ResponseHead(), portsTaken: 0, redial: false }
    this.socket = this.dial()
  }

  /** Sends a text message; false where the connection is not open or MAX_UNSENT_BYTES wait already. */
  sendText(text: string | Uint8Array): boolean {
    return (
      this.state === "open" && this.send(Opcode.text, typeof text === "string" ? Buffer.from(text) : text)
    )
  }

  /** Sends a binary message; false as for `sendText`. */
  sendBinary(bytes: Uint8Array): boolean {
    return this.state === "open" && this.send(Opcode.binary, bytes)
  }

  /**
   * Starts the closing handshake; `onClosed` comes when the server has answered and ended the connection. The owner
   * bounds the wait with `timeOut`. A connection that is not open yet is given up: `onFailed` with "abandoned".
   */
  close(code: number, reason = ""): void {
    if (this.state === "open") {
      this.send(Opcode.close, closePayload(code, reason))
      this.enter("closing")
    } else if (!this.opened) {
      this.give({ kind: "abandoned", message: "given up before it was open" })
    }
  }

  /** Ends the connection at once, without a close frame: `onClosed` with 1006, or as `close` where it never opened. */
  terminate(): void {
    this.give(this.opened ? noCloseFrame : { kind: "abandoned", message: "given up before it was open" })
  }

  /** Reads no more: what the server sends then waits in the kernel's buffers, and in the server. */
  stopReading(): void {
    this.socket.pause()
  }

  /** Reads on, beginning with all that waits. */
  readOn(): void {
    this.socket.resume()
  }

  /**
   * Ends the wait that the connection is in: `onFailed` with "connectTimeout" or "handshakeTimeout", or `onClosed`
   * where it was closing. Does nothing to one that is open.
   */
  timeOut(): void {
    const waited = Math.round(this.connector.owner.now() - this.since)
    if (this.state === "connecting") {
      this.give({ kind: "connectTimeout", message: `no connection within ${waited} ms` })
    } else if (this.state === "handshaking") {
      this.give({ kind: "handshakeTimeout", message: `no answer to the upgrade request within ${waited} ms` })
    } else if (this.state === "closing") this.give(noCloseFrame)
  }

  /** @internal The TCP (or TLS) connection stands. */
  connected(): void {
    if (this.opening === null || this.outcome !== null) return
    this.enter("handshaking")
    this.socket.write(withKey(this.connector.requestPrefix, this.opening.key), "latin1")
  }

  /** @internal Bytes came: `chunk` up to `end`, valid during the call. */
  read(chunk: Buffer, end: number): void {
    if (this.outcome !== null) return
    const start = this.opening === null ? 0 : this.readHead(this.opening, chunk, end)
    const violation = this.parser.push(chunk, start, end, this.connector.frames, this)
    if (violation !== undefined) this.refuse(violation)
  }

  /** @internal The server's close frame; it has to end the TCP connection next, so that the wait after it is its. */
  peerClosed(code: number, reason: string): void {
    if (this.state === "open") {
      this.send(Opcode.close, closePayload(code))
      this.enter("closing")
    }
    this.outcome ??= { code, reason, clean: true }
  }

  /** @internal A ping is answered unless too many answers wait already; only the latest needs one (§5.5.3). */
  pong(payload: Uint8Array): void {
    if (this.state === "open") this.send(Opcode.pong, payload)
  }

  /** @internal An error of the socket; its end follows. */
  broke(error: NodeJS.ErrnoException): void {
    const opening = this.opening
    if (opening !== null && isPortTaken(error) && ++opening.portsTaken < MAX_PORT_TRIES) opening.redial = true
    // Many servers reset instead of ending once close frames are exchanged or under way.
    else
      this.outcome ??=
        this.state === "closing" ? noCloseFrame : fromSystemError(error, this.state !== "connecting")
  }

  /** @internal The TCP connection is gone; nothing follows, unless another local port is to be tried. */
  gone(): void {
    if (this.outcome === null && this.opening?.redial === true) {
      this.opening.redial = false
      this.socket = this.dial()
      return
    }
    const outcome = this.outcome ?? (this.opened ? noCloseFrame : handshakeCut)
    this.enter("closed")
    this.parser.stop()
    this.opening = null
    if ("kind" in outcome) this.connector.owner.onFailed(this, outcome)
    else this.connector.owner.onClosed(this, outcome)
  }

  private dial(): OwnedSocket {
    const again = this.opening !== null && this.opening.portsTaken > 0
    const socket = this.connector.dial(onRead, again) as OwnedSocket
    socket[owned] = this
    socket.on(this.connector.connectedEvent, onConnected)
    socket.on("error", onError)
    socket.on("close", onGone)
    return socket
  }

  /** Reads the head of the server's answer and returns where frames may start: behind it, or at the end. */
  private readHead(opening: Opening, chunk: Buffer, end: number): number {
    const found = opening.head.push(chunk, 0, end)
    if (found === undefined) return end
    const failure =
      found.kind === "head" ? handshakeFailure(found.text, opening.key, this.connector.protocols) : found
    if (found.kind !== "head" || failure !== undefined) {
      this.give(failure!)
      return end
    }
    this.opening = null
    this.opened = true
    this.enter("open")
    this.connector.owner.onOpen(this)
    return found.end
  }

  /** Answers a violation with its close code and ends the connection when that is written. */
  private refuse(violation: FrameViolation): void {
    if (this.state === "open") this.send(Opcode.close, closePayload(violation.closeCode, violation.message))
    this.outcome ??= { kind: "protocolError", message: violation.message, closeCode: violation.closeCode }
    this.enter("closing")
    this.socket.destroySoon()
  }

  /** Sets how it ended and ends it. */
  private give(outcome: Closed | SocketError): void {
    this.outcome ??= outcome
    this.parser.stop()
    this.socket.destroy()
  }

  private send(opcode: Opcode, payload: Uint8Array): boolean {
    if (this.socket.writableLength > MAX_UNSENT_BYTES) return false
    const { random } = this.connector
    const maskAt = random.take(4)
    this.socket.write(maskedFrame(opcode, payload, random.bytes, maskAt))
    return true
  }

  private enter(state: SocketState): void {
    this.state = state
    this.since = this.connector.owner.now()
  }
}

const noCloseFrame: Closed = { code: 1006, reason: "", clean: false }
const handshakeCut: SocketError = {
  kind: "handshakeCut",
  message: "the server ended the connection before its answer was whole"
}

// Shared by all sockets; Node calls each with the socket as `this`, including the `onread` callback.
function onRead(this: unknown, length: number, buffer: Uint8Array): boolean {
  ;(this as OwnedSocket)[owned].read(buffer as Buffer, length)
  return true
}
function onConnected(this: net.Socket): void {
  ;(this as OwnedSocket)[owned].connected()
}
function onError(this: net.Socket, error: NodeJS.ErrnoException): void {
  ;(this as OwnedSocket)[owned].broke(error)
}
function onGone(this: net.Socket): void {
  ;(this as OwnedSocket)[owned].gone()
}
