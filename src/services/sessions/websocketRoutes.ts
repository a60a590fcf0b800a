/** Handshakes of WebSocket clients: /connection/websocket and /connection/uni_websocket. */
import type { Acceptance, ConnectRequest, UpgradeRoute } from "../Transport.ts"
import { FORBIDDEN_ORIGIN, handshakeOf } from "./acceptance.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { SessionOpening } from "./SessionOpening.ts"
import { connectCommand, wires } from "./wires.ts"

const JSON_PROTOCOL = "centrifuge-json"
const PROTOBUF_PROTOCOL = "centrifuge-protobuf"

export const queryOf = ({ url }: ConnectRequest): URLSearchParams => {
  const at = url.indexOf("?")
  return new URLSearchParams(at < 0 ? "" : url.slice(at))
}

const offered = ({ headers }: ConnectRequest): ReadonlyArray<string> =>
  (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim())

const bidirectional =
  (env: SessionEnv): UpgradeRoute =>
  (request): Acceptance => {
    if (!env.isAllowedOrigin(request.headers)) return { refusal: FORBIDDEN_ORIGIN }
    const query = queryOf(request)
    const protocols = offered(request)
    const protocol = protocols.find((name) => name === PROTOBUF_PROTOCOL || name === JSON_PROTOCOL) ?? ""
    const isProtobuf =
      protocol === ""
        ? query.get("format") === "protobuf" || query.get("cf_protocol") === "protobuf"
        : protocol === PROTOBUF_PROTOCOL
    const hasFramePings = query.get("cf_ws_frame_ping_pong") === "true"
    const handshake = handshakeOf(env, "websocket", request.headers, {
      hasFramePings,
      hasPings: !hasFramePings
    })
    const wire = isProtobuf ? wires.websocketProtobuf : wires.websocketJson
    return { opening: new SessionOpening(env, wire, handshake, []), protocol }
  }

const unidirectional =
  (env: SessionEnv): UpgradeRoute =>
  (request): Acceptance => {
    if (!env.isAllowedOrigin(request.headers)) return { refusal: FORBIDDEN_ORIGIN }
    const { joinPushMessages, disableDisconnectPush } = env.config.uniWebsocket
    const handshake = handshakeOf(env, "uni_websocket", request.headers, {
      hasFramePings: true,
      wantsDisconnectPush: !disableDisconnectPush
    })
    const text = queryOf(request).get("cf_connect")
    const first = text === null ? [] : connectCommand(text)
    if (first === undefined) return { refusal: MALFORMED }
    const wire = joinPushMessages ? wires.uniWebsocketJoined : wires.uniWebsocket
    return { opening: new SessionOpening(env, wire, handshake, first), protocol: "" }
  }

const MALFORMED = { status: 400, reason: "invalid", message: "cf_connect is not a connect request" } as const

/** By path; those that are off are not there. */
export const websocketRoutes = (env: SessionEnv): ReadonlyMap<string, UpgradeRoute> => {
  const { websocket, uniWebsocket } = env.config
  const routes = new Map<string, UpgradeRoute>()
  if (websocket.enabled) routes.set("/connection/websocket", bidirectional(env))
  if (uniWebsocket.enabled) routes.set("/connection/uni_websocket", unidirectional(env))
  return routes
}
