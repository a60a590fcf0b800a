/**
 * Sends spans to a collector: a batch at a time, when it is full or some seconds after its first span.
 *
 * A collector that does not answer, or says that it has too much to do, gets the batch again, five times in all, each time after a longer
 * pause; then it is dropped and counted. What comes meanwhile waits in a bounded queue. Any other refusal is final for its batch, as the protocol has it. At the end what
 * waits is sent once more, within a bounded time.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as OtlpResource from "effect/observability/OtlpResource"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { TracingConfig } from "../../config/tracingKeys.ts"
import { makeFailureLog } from "../failureLog.ts"
import { HttpFailed, makeHttpClient } from "../httpClient.ts"
import { forkLongLived } from "../longLived.ts"
import type { Sample } from "../Metrics.ts"
import { ExportFigures } from "./ExportFigures.ts"
import type { OtlpSpan } from "./OpenSpan.ts"
import { encode, type Sent, sentOf, tracesUrl } from "./otlpHttp.ts"
import { WaitingSpans } from "./WaitingSpans.ts"

/** How long after its first span a batch goes out that is not full, and the time for an answer: as in OpenTelemetry's own exporters. */
export const LINGER = Duration.seconds(5)
const TIMEOUT = Duration.seconds(10)
/** Attempts to send one batch, and the time between them: 1, 2, 4, 8 s, or what the collector asks for where that is longer, up to a minute. */
export const ATTEMPTS = 5
const FIRST_DELAY_MS = 1000
const MAX_DELAY_MS = 60_000
/** Bytes of an answer. */
const MAX_ANSWER = 65_536
/** Between two lines about a collector that fails. */
const QUIET_MS = 60_000

export interface Collector {
  readonly endpoint: string
  readonly headers: TracingConfig["otlp"]["headers"]
}

export interface SpanExporter {
  /** Never waits and never fails: a span that finds too many is dropped, and counted. */
  readonly emit: (span: OtlpSpan) => void
  readonly samples: () => ReadonlyArray<Sample>
}

/** One request with a batch of spans, whatever comes of it. */
const makePost = Effect.fnUntraced(function* (url: URL, headers: Collector["headers"]) {
  const http = yield* makeHttpClient
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Redacted.value(value)])
  const all = { ...Object.fromEntries(given), "content-type": "application/json" }
  return (body: Buffer): Effect.Effect<Sent> =>
    http.post({ url, headers: all, body, maxResponse: MAX_ANSWER }).pipe(
      Effect.timeoutOrElse({ duration: TIMEOUT, orElse: () => Effect.fail(HttpFailed.timeout(TIMEOUT)) }),
      Effect.map(sentOf),
      Effect.catchTag("HttpFailed", ({ detail }) =>
        Effect.succeed<Sent>({ kind: "again", detail, afterMs: undefined })
      )
    )
})

/** Exports until the scope closes. @param flushWithin time for what waits then */
export const makeSpanExporter = Effect.fnUntraced(function* (
  { endpoint, headers }: Collector,
  resource: OtlpResource.Resource,
  flushWithin: Duration.Duration
): Effect.fn.Return<SpanExporter, never, Scope.Scope> {
  const url = tracesUrl(endpoint)
  const post = yield* makePost(url, headers)
  const logFailure = makeFailureLog(`traces cannot be sent to ${url.origin}${url.pathname}`, QUIET_MS)
  const waiting = new WaitingSpans()
  const figures = new ExportFigures(waiting)

  const attempt = (body: Buffer): Effect.Effect<Sent> =>
    Effect.tap(post(body), ({ kind }) =>
      Effect.sync(() => {
        if (kind !== "taken") figures.failures++
      })
    )
  /** Counts and tells what became of a batch in the end. */
  const note = (size: number, sent: Sent): Effect.Effect<void> =>
    Effect.suspend(() => {
      figures.note(size, sent)
      return sent.detail === undefined ? Effect.void : logFailure(sent.detail)
    })
  /** Takes a batch; who is interrupted puts it back. */
  const withBatch = <A>(use: (body: Buffer, size: number) => Effect.Effect<A>): Effect.Effect<A> =>
    Effect.suspend(() => {
      const spans = waiting.take()
      const putBack = Effect.sync(() => waiting.putBack(spans))
      return Effect.onInterrupt(use(encode(resource, spans), spans.length), () => putBack)
    })

  const send = Effect.fnUntraced(function* (body: Buffer, size: number) {
    for (let attempts = 1; ; attempts++) {
      const sent = yield* attempt(body)
      if (sent.kind !== "again" || attempts === ATTEMPTS) return yield* note(size, sent)
      yield* logFailure(sent.detail)
      const pause = Math.max(sent.afterMs ?? 0, FIRST_DELAY_MS * 2 ** (attempts - 1))
      yield* Effect.sleep(Math.min(pause, MAX_DELAY_MS))
    }
  })
  /** True when it was taken. */
  const sendOnce = Effect.fnUntraced(function* (body: Buffer, size: number) {
    const sent = yield* attempt(body)
    yield* note(size, sent)
    return sent.kind === "taken"
  })
  const flush = Effect.gen(function* () {
    while (waiting.size > 0 && (yield* withBatch(sendOnce))) {}
  })
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      Effect.timeoutOption(flush, flushWithin),
      Effect.suspend(() =>
        waiting.size === 0 ? Effect.void : Effect.logWarning(`spans that were not exported: ${waiting.size}`)
      )
    )
  )
  yield* forkLongLived(
    "export of traces",
    Effect.forever(
      waiting.some.pipe(
        Effect.andThen(Effect.raceFirst(Effect.sleep(LINGER), waiting.batch)),
        Effect.andThen(withBatch(send))
      )
    )
  )
  return { emit: waiting.add, samples: figures.samples }
})
