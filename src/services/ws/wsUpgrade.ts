/** Handshakes on Node's HTTP server and ws, and what ws tells of the WebSockets that they become. */
import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { Refusal } from "../hot/Admission.ts"
import type { Intake } from "../hot/Intake.ts"
import type { Opening } from "../hot/Opening.ts"
import {
  checkUpgrade,
  isOwnPath,
  NO_WEBSOCKET,
  namesChannels,
  refusalHeaders
} from "../hot/upgradeRequest.ts"
import { copyHeaders, splitUrl } from "../nodeHttp.ts"
import type { Acceptance, ConnectRequest, ListenOptions } from "../Transport.ts"
import { WsConnection, WsSessionConnection, WsSocket } from "./WsConnection.ts"

export const refuse = (socket: Duplex, refusal: Refusal): void => {
  const body = `${refusal.message}\n`
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    ...refusalHeaders(refusal).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close"
  ]
  socket.once("finish", () => socket.destroy())
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`)
}

const copyRequest = (request: IncomingMessage): ConnectRequest => ({
  url: request.url ?? "/",
  headers: copyHeaders(request),
  address: request.socket.remoteAddress ?? ""
})

const connectionOf = (socket: WebSocket): WsConnection => (socket as WsSocket).connection!

/** One set of listeners for all sockets; `this` is the socket. */
const listenersOf = (intake: Intake) => ({
  message(this: WebSocket, data: RawData, isBinary: boolean) {
    intake.message(connectionOf(this), data as Buffer, isBinary)
  },
  heard(this: WebSocket) {
    intake.heard(connectionOf(this))
  },
  error(this: WebSocket, error: Error & { readonly code?: string }) {
    connectionOf(this).closedAs ??= violationOf(error.code ?? "")
  },
  close(this: WebSocket, code: number) {
    const connection = connectionOf(this)
    intake.closed(connection, connection.countedAs, connection.closedAs ?? code)
  }
})

/** The close code that ws sent when it met this error; undefined where the socket itself broke. */
const violationOf = (code: string): number | undefined => {
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return 1009
  if (code === "WS_ERR_INVALID_UTF8") return 1007
  return code.startsWith("WS_ERR_") ? 1002 : undefined
}

/** Time that a client has to answer a close frame. */
const CLOSE_TIMEOUT_MS = 5000

type Accepted = Exclude<Acceptance, { readonly refusal: Refusal }>

/** Handshakes: checks, the route if the path has one, limits, the hook if there is one, the upgrade. */
export const upgrader = (options: ListenOptions, { limits, client }: ServerConfigValue) => {
  const { intake, decide, upgrades, upgradeWithChannels } = options
  /** The subprotocol of the handshake under way, where a route chose it. */
  let protocol = ""
  const settings = {
    noServer: true,
    WebSocket: WsSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageSize,
    closeTimeout: CLOSE_TIMEOUT_MS
  }
  const rawSockets = new WebSocketServer(settings)
  const sessionSockets = new WebSocketServer({ ...settings, handleProtocols: () => protocol })
  const listeners = listenersOf(intake)

  const connectionFor = (
    socket: WsSocket,
    raw: Socket,
    countedAs: string,
    attachment: unknown,
    opening: Opening | undefined
  ) =>
    opening === undefined
      ? new WsConnection(socket, raw, limits.sendBuffer, countedAs, attachment)
      : new WsSessionConnection(socket, raw, client.queueMaxSize, countedAs, intake.stalledWrites)

  const upgrade = (
    request: IncomingMessage,
    raw: Socket,
    head: Buffer,
    countedAs: string,
    attachment: unknown,
    accepted: Accepted | undefined
  ) => {
    raw.setNoDelay(true)
    raw.setTimeout(0)
    let isDone = false
    protocol = accepted?.protocol ?? ""
    const sockets = accepted === undefined ? rawSockets : sessionSockets
    sockets.handleUpgrade(request, raw, head, (socket) => {
      isDone = true
      socket.connection = connectionFor(socket, raw, countedAs, attachment, accepted?.opening)
      socket.on("message", listeners.message)
      socket.on("ping", listeners.heard)
      socket.on("pong", listeners.heard)
      socket.on("error", listeners.error)
      socket.on("close", listeners.close)
      intake.opened(socket.connection, accepted?.opening)
    })
    // It calls back at once, or never: where the socket has ended meanwhile, or ws finds fault with what we let pass.
    if (!isDone) intake.abandoned(countedAs)
  }

  return async (request: IncomingMessage, raw: Socket, head: Buffer) => {
    const { headers } = request
    // Without a listener, a reset in the middle of a handshake would end the process.
    const onError = () => raw.destroy()
    raw.on("error", onError)
    const unfit = checkUpgrade(request.method ?? "", {
      upgrade: headers.upgrade,
      connection: headers.connection,
      key: headers["sec-websocket-key"],
      version: headers["sec-websocket-version"],
      protocols: headers["sec-websocket-protocol"]
    })
    if (unfit !== undefined) return refuse(raw, intake.refuse(unfit))
    const { path, query } = splitUrl(request.url ?? "")
    const ownRoute = upgrades?.get(path)
    if (ownRoute === undefined && isOwnPath(path)) return refuse(raw, intake.refuse(NO_WEBSOCKET))
    const route = ownRoute ?? (namesChannels(query) ? upgradeWithChannels : undefined)
    const acceptance = route?.(copyRequest(request))
    if (acceptance !== undefined && "refusal" in acceptance)
      return refuse(raw, intake.refuse(acceptance.refusal))
    const countedAs = limits.connectionsPerAddress > 0 ? (raw.remoteAddress ?? "") : ""
    const refusal = intake.admit(countedAs)
    if (refusal !== undefined) return refuse(raw, refusal)
    const decision = decide === undefined ? undefined : await decide(copyRequest(request))
    if (raw.destroyed || (decision !== undefined && "refusal" in decision)) {
      intake.abandoned(countedAs)
      if (decision !== undefined && "refusal" in decision) refuse(raw, intake.refuse(decision.refusal))
      return
    }
    raw.off("error", onError)
    upgrade(request, raw, head, countedAs, decision?.attachment, acceptance)
  }
}
