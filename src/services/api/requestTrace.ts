/** The spans of requests that publish, with those of their publications below them. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import type { SpanEnd } from "../tracing/OpenSpan.ts"
import type { PublicationTracer } from "../tracing/PublicationTracer.ts"
import { readTraceparent } from "../tracing/traceparent.ts"
import { withSpan } from "../tracing/withSpan.ts"

/** Others publish nothing. */
const PUBLISHING = new Set(["/api", "/api/publish", "/api/broadcast", "/api/batch"])

/** What an answer with status 200 begins with whose command failed. */
const FAILED = /^\{"error":\{"code":(\d+),/

const endOf = (exit: Exit.Exit<PlainAnswer>): Partial<SpanEnd> => {
  if (Exit.isFailure(exit)) return { error: { type: "_OTHER", message: "the request could not be answered" } }
  const { status, body } = exit.value
  const attributes = { "http.response.status_code": status }
  const code = typeof body === "string" ? FAILED.exec(body)?.[1] : undefined
  return code === undefined ? { attributes } : { attributes, error: { type: code, message: `error ${code}` } }
}

/** @param scheme of the port, where no proxy stands before it */
export const makeRequestTrace =
  (tracer: PublicationTracer, scheme: "http" | "https") =>
  (request: PlainRequest, answer: Effect.Effect<PlainAnswer>): Effect.Effect<PlainAnswer> =>
    PUBLISHING.has(request.path)
      ? Effect.suspend(() => {
          const { method, path, headers } = request
          const span = tracer.begin(
            `${method} ${path}`,
            "server",
            readTraceparent(headers.get("traceparent"), headers.get("tracestate")),
            {
              "http.request.method": method,
              "http.route": path,
              "url.path": path,
              "url.scheme": scheme
            }
          )
          return withSpan(tracer, span, answer, endOf)
        })
      : answer
