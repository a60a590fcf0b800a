/** Handshakes on uWebSockets.js, and what it tells of the WebSockets that they become. */

import type * as uWS from "uWebSockets.js"
import * as Duration from "effect/Duration"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import type { Refusal } from "../hot/Admission.ts"
import type { Intake } from "../hot/Intake.ts"
import type { Opening } from "../hot/Opening.ts"
import {
  checkUpgrade,
  firstProtocol,
  isOwnPath,
  NO_WEBSOCKET,
  namesChannels,
  refusalHeaders,
  type UpgradeHeaders
} from "../hot/upgradeRequest.ts"
import type { ListenOptions, UpgradeRoute } from "../Transport.ts"
import { type SocketData, UwsConnection, UwsSessionConnection, type UwsSocket } from "./UwsConnection.ts"
import { addressOf, copyHandshake, writeAnswer } from "./uwsHttp.ts"

/**
 * A message over `limits.messageSize` is answered with close code 1009 by us. uWebSockets.js itself cuts the socket without
 * a close frame, so its own limit lies higher; what is larger even than that is cut.
 */
const CUT_ABOVE_BYTES = 1_048_576

/**
 * Seconds without anything from a client, after which uWebSockets.js itself pings it and then cuts it: sockets of sessions that are dead,
 * or whose client never answers a close frame. Sessions notice that by pings of their own, and earlier.
 */
const SESSION_IDLE_SECONDS = 120

/** Why uWebSockets.js ended a connection by itself, as the close code that says so. */
const codeOf: Readonly<Record<string, number>> = {
  "Received too big message": 1009,
  "Received invalid UTF-8": 1007
}

const text = new TextDecoder()

export const refuse = (response: uWS.HttpResponse, refusal: Refusal): void => {
  const { status, message } = refusal
  const answer = { status, headers: refusalHeaders(refusal), body: `${message}\n` }
  response.cork(() => writeAnswer(response, answer, false, true))
}

export const upgradeHeaders = (request: uWS.HttpRequest): UpgradeHeaders => ({
  upgrade: request.getHeader("upgrade"),
  connection: request.getHeader("connection"),
  key: request.getHeader("sec-websocket-key"),
  version: request.getHeader("sec-websocket-version"),
  protocols: request.getHeader("sec-websocket-protocol")
})

type Upgrader = NonNullable<uWS.WebSocketBehavior<SocketData>["upgrade"]>

/** What is left of a handshake once it has been found right: places, the hook if there is one, the upgrade. */
const admit = (
  { intake, decide }: ListenOptions,
  countedAs: string,
  response: uWS.HttpResponse,
  request: uWS.HttpRequest,
  upgrade: (attachment: unknown) => void
): void => {
  const refusal = intake.admit(countedAs)
  if (refusal !== undefined) return refuse(response, refusal)
  if (decide === undefined) return upgrade(undefined)
  let isAborted = false
  response.onAborted(() => {
    isAborted = true
    intake.abandoned(countedAs)
  })
  void decide(copyHandshake(response, request)).then((decision) => {
    if (isAborted) return
    if ("refusal" in decision) {
      intake.abandoned(countedAs)
      refuse(response, intake.refuse(decision.refusal))
    } else response.cork(() => upgrade(decision.attachment))
  })
}

const rawUpgrader = (options: ListenOptions, config: ServerConfigValue): Upgrader => {
  const { intake, upgradeWithChannels } = options
  const { limits } = config
  const withChannels = upgradeWithChannels && sessionUpgrader(options, config, upgradeWithChannels)
  return (response, request, context) => {
    const headers = upgradeHeaders(request)
    const unfit = checkUpgrade(request.getMethod(), headers)
    if (unfit !== undefined) return refuse(response, intake.refuse(unfit))
    if (isOwnPath(request.getUrl())) return refuse(response, intake.refuse(NO_WEBSOCKET))
    if (withChannels !== undefined && namesChannels(request.getQuery() ?? ""))
      return withChannels(response, request, context)
    const countedAs = limits.connectionsPerAddress > 0 ? addressOf(response) : ""
    const protocol = firstProtocol(headers.protocols)
    admit(options, countedAs, response, request, (attachment) => {
      const connection = new UwsConnection(limits.sendBuffer, countedAs, attachment)
      response.upgrade<SocketData>({ connection }, headers.key!, protocol, "", context)
    })
  }
}

/** What uWebSockets.js copies onto the socket of a session; the opening until it is opened. */
interface SessionData extends SocketData {
  opening: Opening | undefined
}

const sessionUpgrader =
  (options: ListenOptions, { limits, client }: ServerConfigValue, route: UpgradeRoute): Upgrader =>
  (response, request, context) => {
    const { intake } = options
    const headers = upgradeHeaders(request)
    const unfit = checkUpgrade(request.getMethod(), headers)
    if (unfit !== undefined) return refuse(response, intake.refuse(unfit))
    const acceptance = route(copyHandshake(response, request))
    if ("refusal" in acceptance) return refuse(response, intake.refuse(acceptance.refusal))
    const { opening, protocol } = acceptance
    const countedAs = limits.connectionsPerAddress > 0 ? addressOf(response) : ""
    admit(options, countedAs, response, request, () => {
      const connection = new UwsSessionConnection(client.queueMaxSize, countedAs, intake.stalledWrites)
      response.upgrade<SessionData>({ connection, opening }, headers.key!, protocol, "", context)
    })
  }

/** What is the same for raw connections and those of sessions. */
const behaviour = (intake: Intake, { limits }: ServerConfigValue): uWS.WebSocketBehavior<SocketData> => ({
  maxPayloadLength: Math.max(CUT_ABOVE_BYTES, 2 * limits.messageSize),
  // Ours is `UwsConnection.sendBuffer`; 0 is no limit.
  maxBackpressure: 0,
  message: (socket, message, isBinary) => {
    intake.message(socket.getUserData().connection, new Uint8Array(message), isBinary)
  },
  ping: (socket) => intake.heard(socket.getUserData().connection),
  pong: (socket) => intake.heard(socket.getUserData().connection),
  close: (socket, code, message) => {
    const { connection } = socket.getUserData()
    connection.socket = undefined
    const why = code === 1006 && message.byteLength > 0 ? (codeOf[text.decode(message)] ?? code) : code
    intake.closed(connection, connection.countedAs, why)
  }
})

/** Sessions stand on paths of their own, and on any other one where they name channels. */
const opened = (intake: Intake): Pick<uWS.WebSocketBehavior<SocketData>, "open" | "drain"> => ({
  open: (socket) => {
    const data = socket.getUserData() as Partial<SessionData> & SocketData
    const { connection, opening } = data
    if (opening !== undefined) data.opening = undefined
    connection.socket = socket as UwsSocket
    intake.opened(connection, opening)
  },
  drain: (socket) => {
    const { connection } = socket.getUserData()
    if (connection.isSession) (connection as UwsSessionConnection).progress++
  }
})

export const rawBehaviour = (
  options: ListenOptions,
  config: ServerConfigValue
): uWS.WebSocketBehavior<SocketData> => {
  const { intake } = options
  const idleSeconds = Math.ceil(Duration.toSeconds(config.limits.idleTimeout))
  return {
    ...behaviour(intake, config),
    // Ours is the idle timeout that clients meet. This one ends the sockets of those who never answer a close frame; where
    // idle connections may stay for ever it pings them, for the same end.
    idleTimeout: idleSeconds === 0 ? 960 : Math.min(960, Math.max(8, idleSeconds + 4)),
    sendPingsAutomatically: idleSeconds === 0 || idleSeconds + 4 > 960,
    upgrade: rawUpgrader(options, config),
    ...opened(intake)
  }
}

export const sessionBehaviour = (
  options: ListenOptions,
  config: ServerConfigValue,
  route: UpgradeRoute
): uWS.WebSocketBehavior<SocketData> => {
  const { intake } = options
  return {
    ...behaviour(intake, config),
    idleTimeout: SESSION_IDLE_SECONDS,
    sendPingsAutomatically: true,
    upgrade: sessionUpgrader(options, config, route),
    ...opened(intake)
  }
}
