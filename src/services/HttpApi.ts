/**
 * Plain HTTP: health for everyone, metrics and the API for those who have the key.
 *
 * The key comes as `X-API-Key: <key>`, `Authorization: apikey <key>` or `?api_key=<key>`; without it the answer is 401 with no body.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { version } from "../config/commandLine.ts"
import { ActorTree } from "./ActorTree.ts"
import { ApiKey } from "./ApiKey.ts"
import { Metrics } from "./Metrics.ts"
import { fromWebHandler } from "./webHandler.ts"

/** Whether the server takes connections now, and how many it holds. */
export interface Readiness {
  readonly isReady: boolean
  readonly connections: number
}

const givenKey = (request: HttpServerRequest.HttpServerRequest): string | undefined =>
  request.headers["x-api-key"] ??
  /^apikey (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ??
  new URL(request.url, "http://localhost").searchParams.get("api_key") ??
  undefined

const health = HttpRouter.add("GET", "/health", HttpServerResponse.jsonUnsafe({ status: "ok", version }))

const ready = (readiness: Effect.Effect<Readiness>) =>
  HttpRouter.add(
    "GET",
    "/ready",
    Effect.map(readiness, ({ isReady, connections }) =>
      HttpServerResponse.jsonUnsafe({ ready: isReady, connections }, { status: isReady ? 200 : 503 })
    )
  )

const elsewhere = HttpRouter.add(
  "*",
  "/*",
  HttpServerResponse.text("Clarion: connect with a WebSocket; /health answers plain HTTP\n", {
    status: 426,
    headers: { upgrade: "websocket" }
  })
)

/** What only those with the key may ask. */
const guardedRoutes = Effect.gen(function* () {
  const key = yield* ApiKey
  const metrics = yield* Metrics
  const tree = yield* ActorTree
  const guarded = (answer: Effect.Effect<HttpServerResponse.HttpServerResponse>) =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
      key.isRight(givenKey(request)) ? answer : Effect.succeed(HttpServerResponse.empty({ status: 401 }))
    )
  return Layer.mergeAll(
    HttpRouter.add(
      "GET",
      "/metrics",
      guarded(Effect.map(metrics.text, (text) => HttpServerResponse.text(text, PROMETHEUS)))
    ),
    HttpRouter.add(
      "*",
      "/api/actors",
      guarded(Effect.map(tree.snapshot, (actors) => HttpServerResponse.jsonUnsafe({ result: { actors } })))
    ),
    // Strangers are not told which methods there are.
    HttpRouter.add("*", "/api/*", guarded(Effect.succeed(NO_SUCH_METHOD)))
  )
})

const PROMETHEUS = { contentType: "text/plain; version=0.0.4; charset=utf-8" }
const NO_SUCH_METHOD = HttpServerResponse.jsonUnsafe(
  { error: { code: 104, message: "method not found" } },
  { status: 404 }
)

const handlerOf = (routes: Layer.Layer<never, never, HttpRouter.HttpRouter>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => HttpRouter.toWebHandler(routes, { disableLogger: true })),
      ({ dispose }) => Effect.promise(dispose)
    ),
    ({ handler }) => fromWebHandler(handler)
  )

/** What strangers may ask: for `server.port` when the API has a port of its own. */
export const makePublic = (readiness: Effect.Effect<Readiness>) =>
  handlerOf(Layer.mergeAll(health, ready(readiness), elsewhere))

/** Everything: for a port that is server and API in one, and for an admin port. */
export const makeFull = (readiness: Effect.Effect<Readiness>) =>
  Effect.flatMap(guardedRoutes, (routes) =>
    handlerOf(Layer.mergeAll(health, ready(readiness), elsewhere, routes))
  )
