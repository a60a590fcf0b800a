/** The API on a port of its own, on Node's HTTP server: it is neither hot nor does it hold connections. With `server.tls` it is HTTPS. */
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { bindServer } from "./bindServer.ts"
import { readCertificate } from "./certificate.ts"
import { answerNode } from "./nodeHttp.ts"
import type { HttpHandler } from "./Transport.ts"

/** The bound port; undefined where the API shares `server.port`. */
export const listenAdmin = Effect.fnUntraced(function* (config: ServerConfigValue, handler: HttpHandler) {
  const { admin, limits } = config
  const { ip, port } = admin
  if (port === undefined) return undefined
  const certificate = yield* readCertificate(config)
  const listener: RequestListener = (request, response) => {
    void answerNode(request, response, "http://localhost", limits.requestSize, handler)
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
  return yield* bindServer(server, { host: ip, port })
})
