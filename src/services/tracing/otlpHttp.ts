/** OTLP over HTTP, in JSON: where a request goes, what it says, and what its answer means. */
import type * as OtlpResource from "effect/observability/OtlpResource"
import type { TraceData } from "effect/observability/OtlpTracer"
import { version } from "../../config/commandLine.ts"
import type { HttpAnswer } from "../httpClient.ts"
import type { OtlpSpan } from "./OpenSpan.ts"

const TRACES = "/v1/traces"

/** Statuses after which the protocol has a request sent again. */
const AGAIN = new Set([429, 502, 503, 504])

/** What became of a batch; `detail` says what is wrong. */
export type Sent =
  | { readonly kind: "taken"; readonly rejected: number; readonly detail: string | undefined }
  | { readonly kind: "again"; readonly detail: string; readonly afterMs: number | undefined }
  | { readonly kind: "refused"; readonly detail: string }

/** Of an endpoint as it is configured: the path of traces is added to one that does not have it. */
export const tracesUrl = (endpoint: string): URL => {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith(TRACES)) url.pathname = url.pathname.replace(/\/*$/, TRACES)
  return url
}

export const encode = (resource: OtlpResource.Resource, spans: Array<OtlpSpan>): Buffer => {
  const data: TraceData = {
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "clarion", version }, spans }] }]
  }
  return Buffer.from(JSON.stringify(data))
}

const NOTHING_SAID: Sent = { kind: "taken", rejected: 0, detail: undefined }

/** What an answer with a status of success says that the collector left out. An answer that is no such JSON says nothing. */
const takenOf = ({ body }: HttpAnswer): Sent => {
  try {
    const { rejectedSpans, errorMessage } = JSON.parse(body.toString("utf8")).partialSuccess
    const rejected = Number(rejectedSpans ?? 0)
    return Number.isSafeInteger(rejected) && rejected >= 0
      ? { kind: "taken", rejected, detail: errorMessage ? `it took not all: ${errorMessage}` : undefined }
      : NOTHING_SAID
  } catch {
    return NOTHING_SAID
  }
}

/** Seconds; a date, the header's other form, is as good as none: the usual delay is right then, too. */
const retryAfterMs = ({ headers }: HttpAnswer): number | undefined => {
  const seconds = headers["retry-after"]
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : undefined
}

export const sentOf = (answer: HttpAnswer): Sent => {
  const { status } = answer
  if (status >= 200 && status < 300) return takenOf(answer)
  const detail = `HTTP status ${status}`
  return AGAIN.has(status)
    ? { kind: "again", detail, afterMs: retryAfterMs(answer) }
    : { kind: "refused", detail }
}
