/** The exporter against real collectors, under the test's clock; every exporter is a scope. */
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as OtlpResource from "effect/observability/OtlpResource"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { OpenSpan } from "../../../../src/services/tracing/OpenSpan.ts"
import {
  ATTEMPTS,
  LINGER,
  makeSpanExporter,
  type SpanExporter
} from "../../../../src/services/tracing/SpanExporter.ts"
import { BATCH, MAX_WAITING } from "../../../../src/services/tracing/WaitingSpans.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { freePort } from "../../../support/client/servers.ts"
import { type Answer, json, silence, status } from "../../../support/HttpBackend.ts"
import { Collector, TAKEN } from "../../../support/tracing/Collector.ts"

const RESOURCE = OtlpResource.make({ serviceName: "test" })
const FLUSH_WITHIN = Duration.seconds(2)

const span = (name: string) =>
  new OpenSpan("a".repeat(32), undefined, name, "internal", 1e12, {}).ended({ at: 1e12 + 1 })

const emit = (exporter: SpanExporter, count: number) => {
  for (let i = 0; i < count; i++) exporter.emit(span(`${i}`))
}

/** What the samples tell, by what stands behind their prefix, or by their reason. */
const figures = (exporter: SpanExporter) => {
  const all = exporter
    .samples()
    .map(({ name, labels = {}, value }) => [Object.values(labels)[0] ?? name.split("_")[3], value])
  return Object.fromEntries(all) as Record<
    "exported" | "failures" | "waiting" | "queue" | "unsent" | "rejected",
    number
  >
}

const start = (answer: Answer) => Effect.promise(() => Collector.start(answer))

const exporterTo = (endpoint: string) =>
  makeSpanExporter({ endpoint, headers: { "X-Key": Redacted.make("secret") } }, RESOURCE, FLUSH_WITHIN)

const requests = ({ requests }: Collector, count: number) => Effect.promise(() => requests.count(count))

/** Lets time pass until the answer to what was asked has been taken up. */
const settle = (met: () => boolean) =>
  Effect.gen(function* () {
    while (!met()) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })

/** Time passes, and the collector is asked once more. */
const askedAfter = (collector: Collector, ms: number) =>
  Effect.gen(function* () {
    const before = collector.requests.all.length
    yield* TestClock.adjust(ms - 1)
    expect(collector.requests.all.length).toBe(before)
    yield* TestClock.adjust(1)
    yield* requests(collector, before + 1)
  })

describe("the export of spans", () => {
  it.effect("waits some seconds for more, and sends what it is configured to", () =>
    Effect.gen(function* () {
      const collector = yield* start(TAKEN)
      const exporter = yield* exporterTo(`${collector.url}/otlp/`)
      emit(exporter, 3)
      yield* TestClock.adjust(Duration.toMillis(LINGER) - 1)
      emit(exporter, 1)
      expect(figures(exporter)).toMatchObject({ exported: 0, waiting: 4 })
      yield* TestClock.adjust(1)
      const [request] = yield* requests(collector, 1)
      yield* settle(() => figures(exporter).exported === 4)
      expect(request!.path).toBe("/otlp/v1/traces")
      expect(request!.headers).toMatchObject({ "content-type": "application/json", "x-key": "secret" })
      expect(collector.spans.all[0]).toMatchObject({
        name: "0",
        kind: 1,
        start: 10n ** 18n,
        end: 10n ** 18n + 10n ** 6n,
        resource: { "service.name": "test" }
      })
      expect(figures(exporter)).toEqual({
        exported: 4,
        failures: 0,
        queue: 0,
        unsent: 0,
        rejected: 0,
        waiting: 0
      })
    })
  )

  it.effect("does not wait when a batch is full", () =>
    Effect.gen(function* () {
      const collector = yield* start(TAKEN)
      const exporter = yield* exporterTo(`${collector.url}/v1/traces`)
      emit(exporter, BATCH + 1)
      const [request] = yield* requests(collector, 1)
      yield* settle(() => figures(exporter).exported === BATCH)
      expect(request!.path).toBe("/v1/traces")
      expect(figures(exporter).waiting).toBe(1)
      yield* askedAfter(collector, Duration.toMillis(LINGER))
    })
  )

  it.effect(
    "to a collector with too much to do is tried again, then given up; one line a minute says so",
    () => {
      const logs = new CapturedLogs()
      return Effect.gen(function* () {
        const collector = yield* start(status(503))
        const exporter = yield* exporterTo(collector.url)
        emit(exporter, BATCH)
        yield* requests(collector, 1)
        for (const [i, delay] of [1000, 2000, 4000, 8000].entries()) {
          // Its answer is taken up before the time passes.
          yield* settle(() => figures(exporter).failures === i + 1)
          yield* askedAfter(collector, delay)
        }
        expect(collector.requests.all.length).toBe(ATTEMPTS)
        yield* settle(() => figures(exporter).unsent === BATCH)
        expect(logs.texts()).toEqual([`traces cannot be sent to ${collector.url}/v1/traces: HTTP status 503`])
        yield* TestClock.adjust("60 seconds")
        collector.backend.answer = status(400)
        emit(exporter, BATCH)
        yield* settle(() => figures(exporter).unsent === 2 * BATCH)
        expect(logs.texts().slice(1)).toEqual([
          `traces cannot be sent to ${collector.url}/v1/traces: HTTP status 400 (4 failures before it were not logged)`
        ])
        // What is refused for good is not sent again.
        expect(collector.requests.all.length).toBe(ATTEMPTS + 1)
      }).pipe(Effect.provide(logs.layer))
    }
  )

  it.effect("waits as long as the collector asks for, but not for ever, and not for less than it would", () =>
    Effect.gen(function* () {
      const answers = ["7", "86400", "tomorrow", "0"]
      const collector = yield* start((_, response, index) => {
        const after = answers[index]
        response
          .writeHead(after === undefined ? 200 : 429, after === undefined ? {} : { "retry-after": after })
          .end()
      })
      const exporter = yield* exporterTo(collector.url)
      emit(exporter, BATCH)
      yield* requests(collector, 1)
      for (const [i, delay] of [7000, 60_000, 4000, 8000].entries()) {
        yield* settle(() => figures(exporter).failures === i + 1)
        yield* askedAfter(collector, delay)
      }
      yield* settle(() => figures(exporter).exported === BATCH)
    })
  )

  it.effect("to a collector that never answers holds so many spans, and drops and counts the others", () =>
    Effect.gen(function* () {
      const collector = yield* start(silence)
      const exporter = yield* exporterTo(collector.url)
      emit(exporter, BATCH)
      yield* requests(collector, 1)
      emit(exporter, MAX_WAITING + 7)
      expect(figures(exporter)).toMatchObject({ queue: 7, waiting: MAX_WAITING, exported: 0 })
      // An answer that does not come is not waited for longer than ten seconds.
      yield* TestClock.adjust(10_000)
      yield* settle(() => figures(exporter).failures === 1)
      yield* askedAfter(collector, 1000)
      expect(collector.requests.all[1]!.text).toBe(collector.requests.all[0]!.text)
      // It ends well.
      collector.backend.answer = TAKEN
    })
  )

  it.effect("where nobody listens goes on when somebody does", () => {
    const logs = new CapturedLogs()
    return Effect.gen(function* () {
      const port = yield* Effect.promise(() => freePort())
      const exporter = yield* exporterTo(`http://127.0.0.1:${port}`)
      emit(exporter, BATCH)
      yield* settle(() => logs.lines.length === 1)
      expect(logs.texts("Warn")[0]).toMatch(/^traces cannot be sent to .*ECONNREFUSED/)
      expect(figures(exporter)).toMatchObject({ unsent: 0, exported: 0 })
    }).pipe(Effect.provide(logs.layer))
  })

  it.effect("counts what the collector says that it left out", () => {
    const logs = new CapturedLogs()
    const answers: ReadonlyArray<unknown> = [
      { partialSuccess: { rejectedSpans: "2", errorMessage: "no room" } },
      "no JSON",
      { partialSuccess: { rejectedSpans: "many" } },
      null
    ]
    return Effect.gen(function* () {
      const collector = yield* start((request, response, index) =>
        json(answers[index])(request, response, index)
      )
      const exporter = yield* exporterTo(collector.url)
      for (const i of answers.keys()) {
        emit(exporter, BATCH)
        yield* requests(collector, i + 1)
        yield* settle(() => figures(exporter).exported === (i + 1) * BATCH - 2)
      }
      expect(figures(exporter)).toMatchObject({ rejected: 2, unsent: 0 })
      expect(logs.texts()).toEqual([expect.stringContaining("it took not all: no room")])
    }).pipe(Effect.provide(logs.layer))
  })
})

describe("at the end", () => {
  /** An exporter with a scope of its own. */
  const open = (collector: Collector) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const exporter = yield* Effect.provideService(exporterTo(collector.url), Scope.Scope, scope)
      return { exporter, close: Scope.close(scope, Exit.void) }
    })

  it.effect("what waits is sent, and what was under way is sent again", () =>
    Effect.gen(function* () {
      const collector = yield* start(silence)
      const { exporter, close } = yield* open(collector)
      emit(exporter, BATCH)
      yield* requests(collector, 1)
      emit(exporter, 2 * BATCH + 1)
      collector.backend.answer = TAKEN
      yield* close
      const sizes = collector.requests.all.map(
        ({ text }) => JSON.parse(text).resourceSpans[0].scopeSpans[0].spans.length
      )
      expect(sizes).toEqual([BATCH, BATCH, BATCH, BATCH, 1])
      expect(figures(exporter)).toMatchObject({ exported: 3 * BATCH + 1, waiting: 0 })
    })
  )

  it.effect(
    "a collector that fails is not tried again, and one that does not answer is not waited for",
    () => {
      const logs = new CapturedLogs()
      return Effect.gen(function* () {
        const failing = yield* start(status(503))
        const first = yield* open(failing)
        emit(first.exporter, 2 * BATCH - 1)
        yield* requests(failing, 1)
        yield* first.close
        expect(failing.requests.all.length).toBe(2)
        const silent = yield* start(silence)
        const second = yield* open(silent)
        emit(second.exporter, 3)
        const closing = yield* Effect.forkChild(second.close, { startImmediately: true })
        yield* requests(silent, 1)
        yield* TestClock.adjust(FLUSH_WITHIN)
        yield* Fiber.join(closing)
        expect(logs.texts().at(-1)).toBe("spans that were not exported: 3")
      }).pipe(Effect.provide(logs.layer))
    }
  )
})
