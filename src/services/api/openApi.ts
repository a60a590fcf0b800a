/**
 * The HTTP interface as an OpenAPI document and as a page to browse it. It is made from the schemas that requests are checked against.
 *
 * It is loaded when somebody first asks for it (docs.ts), because of the memory that the modules take.
 */
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSwagger from "effect/http-api/HttpApiSwagger"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { version } from "../../config/commandLine.ts"
import { Key } from "./openApiKey.ts"
import { BatchRequest, LineCommand, type MethodName, requests } from "./requests.ts"
import { ApiErrorResult, BatchResponse, responseOf } from "./results.ts"
import { ScheduleGroup } from "./schedules/endpoints.ts"

const Text = Schema.String.pipe(HttpApiSchema.asText())

const undecodable = Schema.Literal("Bad Request")
  .pipe(HttpApiSchema.asText(), HttpApiSchema.status(400))
  .annotate({ description: "the body is not UTF-8, not JSON, or has a value of a wrong type" })

/** Only where the error mode is "transport". */
const statuses = [400, 404, 409, 416, 500].map((code) => ApiErrorResult.pipe(HttpApiSchema.status(code)))

const command = {
  headers: Schema.Struct({
    "x-centrifugo-error-mode": Schema.optionalKey(Schema.Literal("transport")).annotateKey({
      description: "errors come with an HTTP status of their own, as {code, message}"
    })
  }),
  error: [undecodable, ...statuses]
}

/** The methods, with what each does. */
const SUMMARIES: Readonly<Record<MethodName, string>> = {
  publish: "Publish into a channel",
  broadcast: "Publish into many channels",
  subscribe: "Subscribe a user to a channel",
  unsubscribe: "Unsubscribe a user from a channel",
  disconnect: "Disconnect a user",
  refresh: "Prolong a user's connection, or let it expire",
  presence: "Who is subscribed to a channel",
  presence_stats: "How many are subscribed to a channel",
  history: "What was published in a channel, and its position",
  history_remove: "Forget what was published in a channel",
  channels: "Channels that have subscribers",
  info: "The processes that hold connections",
  rpc: "Call a method of the embedding program"
}

const methods = (Object.keys(requests) as ReadonlyArray<MethodName>).map((name) =>
  HttpApiEndpoint.post(name, `/api/${name}`, {
    ...command,
    payload: requests[name] as Schema.Codec<object>,
    success: responseOf(name)
  }).annotate(OpenApi.Summary, SUMMARIES[name])
)

const batch = HttpApiEndpoint.post("batch", "/api/batch", {
  ...command,
  payload: BatchRequest,
  success: BatchResponse
}).annotate(OpenApi.Summary, "Many commands in one request")

const lines = HttpApiEndpoint.post("lines", "/api", {
  payload: LineCommand,
  success: Text.annotate({ description: '{"id"?, "result" or "error"}: a line for each command' }),
  error: undecodable
}).annotateMerge(
  OpenApi.annotations({
    summary: "One command, or several one behind the other",
    description:
      "The older form. The body may hold more than one such object, with or without space between them."
  })
)

const actors = HttpApiEndpoint.get("actors", "/api/actors", {
  success: Schema.Struct({ result: Schema.Struct({ actors: Schema.Array(Schema.Json) }) })
}).annotate(OpenApi.Summary, "The tree of actors: state, mailbox, connections, restarts of each")

class ServerGroup extends HttpApiGroup.make("server API", { topLevel: true })
  .add(...(methods as [(typeof methods)[number]]), batch, lines, actors)
  .middleware(Key) {}

const metrics = HttpApiEndpoint.get("metrics", "/metrics", {
  success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4" }))
})
  .middleware(Key)
  .annotate(OpenApi.Summary, "Figures for Prometheus")

const health = HttpApiEndpoint.get("health", "/health", {
  success: Schema.Struct({
    status: Schema.Literals(["ok", "degraded"]),
    version: Schema.String,
    problems: Schema.optionalKey(Schema.Array(Schema.String))
  })
}).annotate(OpenApi.Summary, "Whether the process answers, and what is wrong though it serves")

const Readiness = Schema.Struct({ ready: Schema.Boolean, connections: Schema.Int })

const ready = HttpApiEndpoint.get("ready", "/ready", {
  success: Readiness,
  error: Readiness.pipe(HttpApiSchema.status(503))
}).annotate(OpenApi.Summary, "Whether the server takes connections")

class Operations extends HttpApiGroup.make("operations", { topLevel: true }).add(health, ready, metrics) {}

/** Requests in which a member that nobody knows is a problem. */
const STRICT = new Set(["ScheduleRequest", "ScheduleChange", "SchedulePreviewRequest"])

/** Members that a schema does not have are passed over in other requests, and may be added to answers. */
const allowMore = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(allowMore)
  if (!Predicate.isObject(value)) return value
  const kept = Object.entries(value).filter(
    ([name, inner]) => name !== "additionalProperties" || inner !== false
  )
  return Object.fromEntries(
    kept.map(([name, inner]) => [name, STRICT.has(name) ? inner : allowMore(inner)] as const)
  )
}

class Api extends HttpApi.make("clarion")
  .add(ServerGroup)
  .add(ScheduleGroup)
  .add(Operations)
  .annotateMerge(
    OpenApi.annotations({
      title: "Clarion",
      version,
      description:
        "The server API of Centrifugo, schedules and receipts, and what operations need. Channels are joined by WebSocket.",
      servers: [{ url: "/" }],
      transform: (document) => allowMore(document) as typeof document
    })
  ) {}

/** The OpenAPI document. */
export const openApiDocument = (): OpenApi.OpenAPISpec => OpenApi.fromApi(Api)

/** The page: one HTML text that needs nothing else. */
export const openApiPage: Effect.Effect<string> = Effect.acquireUseRelease(
  Effect.sync(() =>
    HttpRouter.toWebHandler(HttpApiSwagger.layer(Api, { path: "/docs" }), { disableLogger: true })
  ),
  ({ handler }) =>
    Effect.promise(() => handler(new Request("http://localhost/docs")).then((page) => page.text())),
  ({ dispose }) => Effect.promise(dispose)
)
