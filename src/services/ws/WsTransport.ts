/** The transport on ws and Node's HTTP server: everywhere the same, at a higher price for each connection and message. */
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Socket } from "node:net"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { bindServer } from "../bindServer.ts"
import { type Certificate, readCertificate } from "../certificate.ts"
import type { Refusal } from "../hot/Admission.ts"
import type { Intake } from "../hot/Intake.ts"
import { checkUpgrade, refusalHeaders } from "../hot/upgradeRequest.ts"
import { answerNode } from "../nodeHttp.ts"
import { type ConnectRequest, type Listener, type ListenOptions, Transport } from "../Transport.ts"
import { WsConnection, WsSocket } from "./WsConnection.ts"
import { wsFanOut } from "./WsFanOut.ts"

/** How long a client may take to send a handshake or the head of a request, as uWebSockets.js has it. */
const HEAD_TIMEOUT_MS = 10_000
/** The same for a whole request with its body. */
const REQUEST_TIMEOUT_MS = 60_000
/** How often Node looks for those that took too long. */
const CHECK_MS = 1000

const refuse = (socket: Duplex, refusal: Refusal): void => {
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
  headers: new Map(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
  address: request.socket.remoteAddress ?? ""
})

const connectionOf = (socket: WebSocket): WsConnection => (socket as WsSocket).connection!

/** One set of listeners for all sockets; `this` is the socket. */
const listenersOf = (intake: Intake) => ({
  message(this: WebSocket, data: RawData, isBinary: boolean) {
    intake.message(connectionOf(this), data as Buffer, isBinary)
  },
  heard(this: WebSocket) {
    intake.keepalive.heard(connectionOf(this))
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

/** Handshakes: checks, limits, the hook if there is one, the upgrade. */
const upgrader = ({ intake, decide }: ListenOptions, { limits }: ServerConfigValue) => {
  const sockets = new WebSocketServer({
    noServer: true,
    WebSocket: WsSocket,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.messageSize
  })
  const listeners = listenersOf(intake)

  const upgrade = (
    request: IncomingMessage,
    raw: Socket,
    head: Buffer,
    countedAs: string,
    attachment: unknown
  ) => {
    raw.setNoDelay(true)
    raw.setTimeout(0)
    let isDone = false
    sockets.handleUpgrade(request, raw, head, (socket) => {
      isDone = true
      socket.connection = new WsConnection(socket, raw, limits.sendBuffer, countedAs, attachment)
      socket.on("message", listeners.message)
      socket.on("ping", listeners.heard)
      socket.on("pong", listeners.heard)
      socket.on("error", listeners.error)
      socket.on("close", listeners.close)
      intake.opened(socket.connection)
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
    upgrade(request, raw, head, countedAs, decision?.attachment)
  }
}

const createHttpServer = (certificate: Certificate | undefined): Server => {
  const patience = {
    headersTimeout: HEAD_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_MS
  }
  if (certificate === undefined) return createServer(patience)
  const { cert, key } = certificate
  return createTlsServer({ ...patience, handshakeTimeout: HEAD_TIMEOUT_MS, cert, key })
}

/** Ends the server and every socket on it. */
const shut = (server: Server, open: ReadonlySet<Socket>) =>
  Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of open) socket.destroy()
  })

const listen = (config: ServerConfigValue) =>
  Effect.fnUntraced(function* (options: ListenOptions) {
    const certificate = yield* readCertificate(config)
    const open = new Set<Socket>()
    function forget(this: Socket) {
      open.delete(this)
    }
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => createHttpServer(certificate)),
      (server) => shut(server, open)
    )
    server.on("connection", (socket: Socket) => {
      open.add(socket)
      socket.once("close", forget)
    })
    const { server: listen, limits } = config
    // In a worker process Node asks the primary for the one socket that all workers accept from.
    const port = yield* bindServer(server, {
      host: listen.ip,
      port: options.sharedPort ?? listen.port,
      backlog: limits.backlog
    })
    const origin = `${certificate === undefined ? "http" : "https"}://localhost:${port}`
    const upgrade = upgrader(options, config)
    server.on("upgrade", upgrade)
    server.on("request", (request, response) => {
      void answerNode(request, response, origin, config.limits.requestSize, options.http)
    })
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      // Only what was read and is not HTTP gets an answer; who took too long, or broke TLS, is cut.
      if (error.code?.startsWith("HPE_") && socket.writable) refuse(socket, options.intake.refuse(MALFORMED))
      else socket.destroy()
    })
    const listener: Listener = { port, stopAccepting: Effect.sync(() => void server.close()) }
    return listener
  })

const MALFORMED: Refusal = { status: 400, reason: "invalid", message: "this is not HTTP" }

export const layerWs = Layer.effect(
  Transport,
  Effect.map(ServerConfig, (config) => Transport.of({ name: "ws", fanOut: wsFanOut, listen: listen(config) }))
)
