/** The transport on ws and Node's HTTP server: everywhere the same, at a higher price for each connection and message. */
import { createServer, type Server } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { bindServer } from "../bindServer.ts"
import { type Certificate, readCertificate } from "../certificate.ts"
import type { Refusal } from "../hot/Admission.ts"
import { bodyLimits } from "../httpReply.ts"
import { answerNode } from "../nodeHttp.ts"
import { type Listener, type ListenOptions, Transport } from "../Transport.ts"
import { streamOpener } from "./openNodeStream.ts"
import { wsFanOut } from "./WsFanOut.ts"
import { refuse, upgrader } from "./wsUpgrade.ts"

/** How long a client may take to send a handshake or the head of a request, as uWebSockets.js has it. */
const HEAD_TIMEOUT_MS = 10_000
/** The same for a whole request with its body. */
const REQUEST_TIMEOUT_MS = 60_000
/** How often Node looks for those that took too long. */
const CHECK_MS = 1000

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
    const upgrade = upgrader(options, config)
    server.on("upgrade", upgrade)
    const openStream = streamOpener(options, config)
    const limit = bodyLimits(options, config)
    server.on("request", (request, response) => {
      void answerNode(request, response, limit, options.http, openStream)
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
