/**
 * The Centrifugo server API over HTTP: `POST /api/<method>`, `POST /api/batch`, and the older `POST /api` with one command or several.
 *
 * What applications send here reaches the broker and the client sessions; nobody's permissions are asked. The answer has status 200 with
 * `{"result":…}` or `{"error":{"code","message"}}`; in the error mode "transport" an error has a status of its own and is all of the body.
 *
 * HOT PATH: 15,000 publish requests a second and 100,000 publications a second in batches, on one core with everything else that they cost. A
 * request that waits for nobody is answered in the same turn, without a promise.
 */
import { isUtf8 } from "node:buffer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { Access } from "../admin/Access.ts"
import { makeRunAnswer } from "../runAnswer.ts"
import type { PlainAnswer, PlainHandler, PlainRequest } from "../Transport.ts"
import { Tracing } from "../tracing/Tracing.ts"
import { batchCommand } from "./batch.ts"
import { linesAnswer } from "./lines.ts"
import { type Command, isMethodName, type Methods, makeMethods, shapes } from "./methods.ts"
import { errorJson, isError, type Outcome, outcomeJson } from "./outcome.ts"
import { readJson, shapeOf } from "./readJson.ts"
import { BatchRequest } from "./requests.ts"
import { makeRequestTrace } from "./requestTrace.ts"

const NOT_POST: PlainAnswer = { status: 405, headers: [["allow", "POST"]], body: "" }
const UNDECODABLE: PlainAnswer = {
  status: 400,
  headers: [["content-type", "text/plain; charset=utf-8"]],
  body: "Bad Request"
}

const JSON_HEADERS = [["content-type", "application/json"]] as const
const jsonAnswer = (body: string, status = 200): PlainAnswer => ({ status, headers: JSON_HEADERS, body })

/** The HTTP statuses of errors in the error mode "transport"; of any other error it is 500. */
const STATUSES: { readonly [code: number]: number } = {
  102: 404,
  104: 404,
  107: 400,
  108: 400,
  112: 416,
  113: 409
}

type ErrorMode = "" | "transport"

const errorAnswer = (mode: ErrorMode, outcome: Extract<Outcome, object>): PlainAnswer =>
  mode === "transport"
    ? jsonAnswer(errorJson(outcome), STATUSES[outcome.code] ?? 500)
    : jsonAnswer(outcomeJson(outcome))

/** What the answer to a batch is, is its result alone. */
const answerOf = (mode: ErrorMode, outcome: Outcome, isBatch: boolean): PlainAnswer =>
  isError(outcome) ? errorAnswer(mode, outcome) : jsonAnswer(isBatch ? outcome : outcomeJson(outcome))

const PATH = "/api"
const BATCH = shapeOf(BatchRequest)

const unknownMethod = (mode: ErrorMode): PlainAnswer => ({
  ...errorAnswer(mode, ErrorCodes.methodNotFound),
  status: 404
})

const commandOf = (methods: Methods, name: string, text: string): Command | "undecodable" => {
  const value = readJson(text, isMethodName(name) ? shapes[name] : BATCH)
  if (value === undefined) return "undecodable"
  return isMethodName(name) ? methods.command(name, value) : batchCommand(methods, value)
}

/** The answer to a request that may be answered. */
const answering = (
  methods: Methods,
  { method, path, body }: PlainRequest,
  mode: ErrorMode
): PlainAnswer | Effect.Effect<PlainAnswer> => {
  const name = path.slice(PATH.length + 1)
  if (path !== PATH && name !== "batch" && !isMethodName(name)) return unknownMethod(mode)
  if (method !== "POST") return NOT_POST
  if (!isUtf8(body)) return UNDECODABLE
  const text = body.toString("utf8")
  if (path === PATH) {
    const lines = linesAnswer(methods, text)
    return lines === undefined ? UNDECODABLE : Effect.map(lines, (answer) => jsonAnswer(answer))
  }
  const command = commandOf(methods, name, text)
  if (command === "undecodable") return UNDECODABLE
  return Effect.map(command, (outcome) => answerOf(mode, outcome, name === "batch"))
}

const make = Effect.gen(function* () {
  const { httpApi, server } = yield* ServerConfig
  const access = yield* Access
  const methods = yield* makeMethods
  if (httpApi.insecure) yield* Effect.logWarning("httpApi.insecure: /api answers everyone, without the key")
  const run = yield* makeRunAnswer
  const tracer = yield* Tracing
  const scheme = server.tls.cert === undefined ? "http" : "https"
  const traced = tracer === undefined ? undefined : makeRequestTrace(tracer, scheme)
  const refusal = httpApi.insecure ? () => undefined : access.refusal

  return ServerApi.of({
    refusal,
    handle: (request) => {
      const refused = refusal(request)
      if (refused !== undefined) return refused
      const asked = request.headers.get("x-centrifugo-error-mode")
      const answer = answering(methods, request, asked === "transport" ? asked : httpApi.errorMode)
      if (!Effect.isEffect(answer)) return answer
      return run(traced === undefined ? answer : traced(request, answer))
    }
  })
})

export class ServerApi extends Context.Service<
  ServerApi,
  {
    /** What to answer a request that brings neither the key nor a session, where it needs one; undefined: it may ask. */
    readonly refusal: (request: PlainRequest) => PlainAnswer | undefined
    /** Answers requests to `/api` and to the paths below it. */
    readonly handle: PlainHandler
  }
>()("clarion/services/api/ServerApi") {
  static readonly layer = Layer.effect(this, make)
}
