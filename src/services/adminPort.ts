/**
 * The dashboard and the API on a port of their own, on Node's HTTP server: it is neither hot nor does it hold connections. With `server.tls` it is
 * HTTPS.
 */
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { Access } from "./admin/Access.ts"
import { openTunnels } from "./admin/tunnel.ts"
import { bindServer } from "./bindServer.ts"
import { readCertificate } from "./certificate.ts"
import { BROKEN } from "./httpReply.ts"
import { answerNode, type OpenStream } from "./nodeHttp.ts"
import type { PlainHandler } from "./Transport.ts"

/** A `PlainHandler` makes none. */
const noStreams: OpenStream = () => Promise.resolve(BROKEN)

/**
 * The bound port; undefined where the API shares `server.port`.
 *
 * @param serverPort the port that connections come to; undefined while it is not known
 */
export const listenAdmin = Effect.fnUntraced(function* (
  config: ServerConfigValue,
  handler: PlainHandler,
  serverPort: () => number | undefined
) {
  const { admin, limits } = config
  const { ip, port } = admin
  if (port === undefined) return undefined
  const certificate = yield* readCertificate(config)
  const listener: RequestListener = (request, response) => {
    void answerNode(request, response, () => limits.requestSize, handler, noStreams)
  }
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      certificate === undefined
        ? createServer(listener)
        : createTlsServer({ cert: certificate.cert, key: certificate.key }, listener)
    ),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  yield* openTunnels(server, yield* Access, { ip: config.server.ip, port: serverPort, certificate })
  return yield* bindServer(server, { host: ip, port })
})
