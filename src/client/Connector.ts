/**
 * What all connections of one owner share: from and to where they go, what they ask for, whom they tell. An owner
 * (the ramp of one local address, a test, a bench) makes one Connector and calls `connect` for each connection; the
 * connection itself is a `ClientSocket`, which keeps only what differs.
 */
import { randomInt } from "node:crypto"
import * as net from "node:net"
import * as tls from "node:tls"
import type { FrameHandler } from "../services/hot/frameParser.ts"
import { ClientSocket } from "./ClientSocket.ts"
import { requestPrefix, type UpgradeRequest } from "./handshake.ts"
import { LAST_PORT, LocalPorts, type PortSource } from "./localPorts.ts"
import { RandomPool } from "./randomPool.ts"
import type { SocketError } from "./SocketError.ts"
import { framesTo } from "./socketFrames.ts"
import type { ResolvedTarget } from "./target.ts"

/** Bytes that one message may have by default; a longer one is a protocol error with 1009. */
export const MAX_PAYLOAD = 1_048_576
/** Bytes that one read takes at most. One buffer serves all connections, as a read is done with before the next. */
export const READ_BYTES = 65_536

/** How a connection ended that had opened and did not fail. */
export interface Closed {
  /** The peer's close code; 1005 where it gave none, 1006 where it sent no close frame. */
  readonly code: number
  readonly reason: string
  /** Whether close frames went both ways. */
  readonly clean: boolean
}

/**
 * Whom the connections tell; one object for all of them. After `connect`, each connection tells at most one `onOpen`,
 * and then exactly one of `onClosed` or `onFailed`, with nothing after it. Nothing is told before `connect` has
 * returned, nor from inside a call to a socket's methods.
 */
export interface SocketOwner {
  /** Milliseconds, fractional, from a source that never goes back. */
  now(): number
  /** The handshake is done: `now() - socket.startedAt` is the set-up time. */
  onOpen(socket: ClientSocket): void
  /** A whole text message. The bytes are valid only during the call. */
  onText(socket: ClientSocket, bytes: Buffer): void
  /** A whole binary message. The bytes are valid only during the call. */
  onBinary(socket: ClientSocket, bytes: Buffer): void
  /** It had opened, and has ended as WebSockets do, or by our `terminate` or `timeOut`, or by an end without a close frame. */
  onClosed(socket: ClientSocket, closed: Closed): void
  /** It never opened, or it broke; `socket.opened` says which. */
  onFailed(socket: ClientSocket, error: SocketError): void
}

export interface ConnectorOptions {
  readonly owner: SocketOwner
  readonly target: ResolvedTarget
  /** The address that connections leave from; left out or "0.0.0.0", the system takes the one that fits the target. */
  readonly localAddress?: string
  /** Where local ports come from; a walk over all of them where it is left out. */
  readonly ports?: PortSource
  /** Bytes that one message may have; MAX_PAYLOAD where it is left out. */
  readonly maxPayload?: number
  /** Subprotocols offered, in order of preference. */
  readonly protocols?: ReadonlyArray<string>
  /** Further request headers; names and values have to be valid as they are. */
  readonly headers?: UpgradeRequest["headers"]
  /** For `wss:` only. `verify: false` takes any certificate; `ca` is PEM. */
  readonly tls?: { readonly verify?: boolean; readonly ca?: string }
}

export class Connector {
  readonly owner: SocketOwner
  /** Where the frames of the connections go. */
  readonly frames: FrameHandler<ClientSocket>
  readonly protocols: ReadonlyArray<string>
  /** The upgrade request up to its key. */
  readonly requestPrefix: string
  readonly random = new RandomPool()
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)
  private readonly target: ResolvedTarget
  private readonly localAddress: string | undefined
  private readonly ports: PortSource
  private readonly secure: tls.ConnectionOptions | undefined

  constructor(options: ConnectorOptions) {
    const { owner, target, protocols = [], headers = {} } = options
    this.owner = owner
    this.target = target
    this.localAddress = options.localAddress === "0.0.0.0" ? undefined : options.localAddress
    this.ports = options.ports ?? new LocalPorts(randomInt(LAST_PORT))
    this.frames = framesTo(owner, options.maxPayload ?? MAX_PAYLOAD)
    this.protocols = protocols
    this.requestPrefix = requestPrefix({ host: target.host, path: target.path, protocols, headers })
    this.secure = target.secure ? secureOptions(target, options.tls ?? {}) : undefined
  }

  /** Starts one connection. */
  connect(): ClientSocket {
    return new ClientSocket(this)
  }

  /** The event with which a socket of `dial` says that bytes may flow. */
  get connectedEvent(): "secureConnect" | "connect" {
    return this.secure === undefined ? "connect" : "secureConnect"
  }

  /** Opens a TCP (or TLS) connection for a ClientSocket, from the next local port. @param again whether the last one was taken */
  dial(onRead: (length: number, buffer: Uint8Array) => boolean, again: boolean): net.Socket {
    const options: net.TcpNetConnectOpts = {
      host: this.target.address,
      port: this.target.port,
      localPort: this.ports.next(again),
      noDelay: true,
      onread: { buffer: this.readBuffer, callback: onRead }
    }
    if (this.localAddress !== undefined) options.localAddress = this.localAddress
    return this.secure === undefined ? net.connect(options) : tls.connect({ ...options, ...this.secure })
  }
}

/** The context is made once: making one reads and parses certificates. */
const secureOptions = (
  target: ResolvedTarget,
  options: NonNullable<ConnectorOptions["tls"]>
): tls.ConnectionOptions => {
  const context = tls.createSecureContext(options.ca === undefined ? {} : { ca: options.ca })
  const secure: tls.ConnectionOptions = { secureContext: context, rejectUnauthorized: options.verify ?? true }
  // SNI knows names only.
  return net.isIP(target.hostname) === 0 ? { ...secure, servername: target.hostname } : secure
}
