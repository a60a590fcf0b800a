/** The transport on uWebSockets.js, whose binary is loaded late: not every Node has one. */

import type * as uWS from "uWebSockets.js"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { type Certificate, readCertificate } from "../certificate.ts"
import type { Refusal } from "../hot/Admission.ts"
import { checkUpgrade, firstProtocol, refusalHeaders, type UpgradeHeaders } from "../hot/upgradeRequest.ts"
import { probePort } from "../portProbe.ts"
import {
  type ConnectRequest,
  type Listener,
  ListenFailed,
  type ListenOptions,
  Transport
} from "../Transport.ts"
import { makeListenSockets } from "./listenSockets.ts"
import { type SocketData, UwsConnection, type UwsSocket } from "./UwsConnection.ts"
import { uwsFanOut } from "./UwsFanOut.ts"
import { answer, statusLine } from "./uwsHttp.ts"

/** The module as it really is: the package's types lack what its binary has, and official builds name two functions otherwise. */
interface UwsModule {
  readonly App: () => UwsApp
  readonly SSLApp: (options: uWS.AppOptions) => UwsApp
  readonly closeSocket?: (socket: uWS.us_listen_socket) => void
  readonly us_listen_socket_close?: (socket: uWS.us_listen_socket) => void
}
type UwsApp = uWS.TemplatedApp & { readonly close: () => void }

/**
 * A message over `limits.messageSize` is answered with close code 1009 by us. uWebSockets.js itself cuts the socket without
 * a close frame, so its own limit lies higher; what is larger even than that is cut.
 */
const CUT_ABOVE_BYTES = 1_048_576

/** Why uWebSockets.js ended a connection by itself, as the close code that says so. */
const codeOf: Readonly<Record<string, number>> = {
  "Received too big message": 1009,
  "Received invalid UTF-8": 1007
}

const text = new TextDecoder()
const addressOf = (response: uWS.HttpResponse) => text.decode(response.getRemoteAddressAsText())

const refuse = (response: uWS.HttpResponse, refusal: Refusal): void => {
  response.cork(() => {
    response.writeStatus(statusLine(refusal.status))
    for (const [name, value] of refusalHeaders(refusal)) response.writeHeader(name, value)
    response.end(`${refusal.message}\n`, true)
  })
}

const upgradeHeaders = (request: uWS.HttpRequest): UpgradeHeaders => ({
  upgrade: request.getHeader("upgrade"),
  connection: request.getHeader("connection"),
  key: request.getHeader("sec-websocket-key"),
  version: request.getHeader("sec-websocket-version"),
  protocols: request.getHeader("sec-websocket-protocol")
})

const copyRequest = (response: uWS.HttpResponse, request: uWS.HttpRequest): ConnectRequest => {
  const headers = new Map<string, string>()
  request.forEachHeader((name, value) => headers.set(name, value))
  const query = request.getQuery()
  return {
    url: query ? `${request.getUrl()}?${query}` : request.getUrl(),
    headers,
    address: addressOf(response)
  }
}

/** Handshakes: checks, limits, the hook if there is one, the upgrade. */
const upgrader =
  ({ intake, decide }: ListenOptions, { limits }: ServerConfigValue) =>
  (response: uWS.HttpResponse, request: uWS.HttpRequest, context: uWS.us_socket_context_t): void => {
    const headers = upgradeHeaders(request)
    const unfit = checkUpgrade(request.getMethod(), headers)
    if (unfit !== undefined) return refuse(response, intake.refuse(unfit))
    const countedAs = limits.connectionsPerAddress > 0 ? addressOf(response) : ""
    const refusal = intake.admit(countedAs)
    if (refusal !== undefined) return refuse(response, refusal)

    const protocol = firstProtocol(headers.protocols)
    const upgrade = (attachment: unknown) =>
      response.upgrade<SocketData>(
        { connection: new UwsConnection(limits.sendBuffer, countedAs, attachment) },
        headers.key!,
        protocol,
        "",
        context
      )
    if (decide === undefined) return upgrade(undefined)

    let isAborted = false
    response.onAborted(() => {
      isAborted = true
      intake.abandoned(countedAs)
    })
    void decide(copyRequest(response, request)).then((decision) => {
      if (isAborted) return
      if ("refusal" in decision) {
        intake.abandoned(countedAs)
        refuse(response, intake.refuse(decision.refusal))
      } else response.cork(() => upgrade(decision.attachment))
    })
  }

const behaviour = (options: ListenOptions, config: ServerConfigValue): uWS.WebSocketBehavior<SocketData> => {
  const { intake } = options
  const { limits } = config
  const idleSeconds = Math.ceil(Duration.toSeconds(limits.idleTimeout))
  return {
    maxPayloadLength: Math.max(CUT_ABOVE_BYTES, 2 * limits.messageSize),
    // Ours is `UwsConnection.sendBuffer`; 0 is no limit.
    maxBackpressure: 0,
    // Ours is the idle timeout that clients meet. This one ends the sockets of those who never answer a close frame; where
    // idle connections may stay for ever it pings them, for the same end.
    idleTimeout: idleSeconds === 0 ? 960 : Math.min(960, Math.max(8, idleSeconds + 4)),
    sendPingsAutomatically: idleSeconds === 0 || idleSeconds + 4 > 960,
    upgrade: upgrader(options, config),
    open: (socket) => {
      const { connection } = socket.getUserData()
      connection.socket = socket as UwsSocket
      intake.opened(connection)
    },
    message: (socket, message, isBinary) => {
      intake.message(socket.getUserData().connection, new Uint8Array(message), isBinary)
    },
    ping: (socket) => intake.keepalive.heard(socket.getUserData().connection),
    pong: (socket) => intake.keepalive.heard(socket.getUserData().connection),
    close: (socket, code, message) => {
      const { connection } = socket.getUserData()
      connection.socket = undefined
      const why = code === 1006 && message.byteLength > 0 ? (codeOf[text.decode(message)] ?? code) : code
      intake.closed(connection, connection.countedAs, why)
    }
  }
}

const createApp = (module: UwsModule, certificate: Certificate | undefined): UwsApp =>
  certificate === undefined
    ? module.App()
    : module.SSLApp({ cert_file_name: certificate.certFile, key_file_name: certificate.keyFile })

const listen = (module: UwsModule, config: ServerConfigValue) =>
  Effect.fnUntraced(function* (options: ListenOptions) {
    const { ip } = config.server
    const certificate = yield* readCertificate(config)
    const port = options.sharedPort ?? (yield* probePort(ip, config.server.port))
    const app = yield* Effect.acquireRelease(
      Effect.sync(() => createApp(module, certificate)),
      (app) => Effect.sync(() => app.close())
    )
    const origin = `${certificate === undefined ? "http" : "https"}://localhost:${port}`
    app.ws("/*", behaviour(options, config))
    app.any("/*", (response, request) => {
      // A handshake whose key has not the right length is not routed to the upgrade, but here.
      const refusal =
        request.getHeader("upgrade") === ""
          ? undefined
          : checkUpgrade(request.getMethod(), upgradeHeaders(request))
      if (refusal !== undefined) refuse(response, options.intake.refuse(refusal))
      else void answer(response, request, origin, config.limits.requestSize, options.http)
    })
    const bind = () => {
      let bound: uWS.us_listen_socket | false = false
      app.listen(ip, port, (socket) => {
        bound = socket
      })
      return bound
    }
    const sockets = yield* makeListenSockets(
      config.limits.backlog,
      bind,
      module.closeSocket ?? module.us_listen_socket_close!
    )
    if (!sockets.isBound) {
      return yield* new ListenFailed({ ip, port, reason: "other", detail: "uWebSockets.js could not bind" })
    }
    const listener: Listener = { port, stopAccepting: sockets.close }
    return listener
  })

/** @param module what `loadUws` found */
export const layerUws = (module: UwsModule) =>
  Layer.effect(
    Transport,
    Effect.map(ServerConfig, (config) =>
      Transport.of({ name: "uws", fanOut: uwsFanOut, listen: listen(module, config) })
    )
  )

/** The module, or why it cannot be loaded here. */
export const loadUws: Effect.Effect<UwsModule, Error> = Effect.tryPromise({
  try: async () => {
    const imported: unknown = await import("uWebSockets.js")
    return (imported as { readonly default: UwsModule }).default
  },
  catch: (error) => error as Error
})
