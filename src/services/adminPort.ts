/** The API on a port of its own, on Node's HTTP server: it is neither hot nor does it hold connections. */
import { createServer } from "node:http"
import * as Effect from "effect/Effect"
import type { ServerConfigValue } from "../config/ServerConfig.ts"
import { answerNode } from "./nodeHttp.ts"
import { listenFailed } from "./portProbe.ts"
import type { HttpHandler, ListenFailed } from "./Transport.ts"

/** The bound port; undefined where the API shares `server.port`. */
export const listenAdmin = Effect.fnUntraced(function* (
  { admin, limits }: ServerConfigValue,
  handler: HttpHandler
) {
  const { ip, port } = admin
  if (port === undefined) return undefined
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      createServer((request, response) => {
        void answerNode(request, response, `http://${ip}`, limits.requestSize, handler)
      })
    ),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return yield* Effect.callback<number, ListenFailed>((resume) => {
    server.once("error", (error) => resume(Effect.fail(listenFailed(ip, port, error))))
    server.listen({ host: ip, port }, () => {
      const bound = server.address()
      resume(Effect.succeed(typeof bound === "object" && bound !== null ? bound.port : port))
    })
  })
})
