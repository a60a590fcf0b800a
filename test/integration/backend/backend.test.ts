/** Questions to real HTTP servers, under the test's clock. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { expect } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { Backend, BackendError, BackendFailed } from "../../../src/services/backend/Backend.ts"
import { layerBackend } from "../../../src/services/backend/backendLayer.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { freePort } from "../../support/client/servers.ts"
import { configWith } from "../../support/configurations.ts"
import { type Answer, cut, HttpBackend, json, silence, status } from "../../support/HttpBackend.ts"
import { bytes, textOf, user } from "../../support/questions.ts"
import { valueText } from "../../unit/protocol/jsonText.ts"

/** Runs a test with the backend of a configuration. */
const withBackend = <A, E>(
  settings: Settings<ServerConfigValue>,
  use: Effect.Effect<A, E, Backend | Metrics | Scope.Scope>,
  logs = new CapturedLogs()
) =>
  use.pipe(
    Effect.provide(
      layerBackend.pipe(
        Layer.provideMerge(Metrics.layer),
        Layer.provide(Layer.succeed(ServerConfig, configWith(settings)))
      )
    ),
    Effect.provide(logs.layer)
  )

const rpcAt = (endpoint: string, more: object = {}): Settings<ServerConfigValue> => ({
  rpc: { withoutNamespace: { proxyEnabled: true }, proxy: { endpoint, ...more } }
})

/** Calls a remote procedure. */
const call = (data = "{}", method = "m") =>
  Effect.flatMap(Backend, ({ rpc }) => rpc(method)!({ ...user, method, data: bytes(data) }))

const failureOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)
const start = (answer?: Answer) => Effect.promise(() => HttpBackend.start(answer))
const wait = <A>(promise: Promise<A>) => Effect.promise(() => promise)

const samplesOf = Effect.gen(function* () {
  const all = yield* (yield* Metrics).samples
  return Object.fromEntries(
    all.map(({ name, labels = {}, value }) => [[name, labels.reason].filter(Boolean).join(" "), value])
  )
})

describe("a question", () => {
  it.effect("goes to the endpoint as JSON by POST, and its answer comes back", () =>
    Effect.gen(function* () {
      const backend = yield* start(json({ result: { data: { answer: "2019" } } }))
      const answer = yield* withBackend(rpcAt(`${backend.url}/rpc?a=b`), call('{"n":1}', "price"))
      expect(textOf(answer)).toBe('{"answer":"2019"}')
      const [request] = backend.requests.all
      expect(request).toMatchObject({ path: "/rpc?a=b", headers: { "content-type": "application/json" } })
      expect(request!.headers["content-length"]).toBe(String(request!.body.length))
      expect(JSON.parse(request!.text)).toMatchObject({ user: "56", method: "price", data: { n: 1 } })
    })
  )

  it.effect("carries data and brings it back byte for byte", () =>
    Effect.gen(function* () {
      const backend = yield* start(({ text }, response) => response.end(`{"result":${text}}`))
      yield* withBackend(
        rpcAt(backend.url),
        Effect.gen(function* () {
          for (const text of fc.sample(valueText, 50))
            expect(textOf(yield* call(text))).toBe(text.replace(/[\r\n]/g, ""))
        })
      )
    })
  )

  it.effect("uses connections again", () =>
    Effect.gen(function* () {
      const backend = yield* start()
      yield* withBackend(rpcAt(backend.url), Effect.repeat(call(), { times: 9 }))
      expect(backend.requests.all).toHaveLength(10)
      // Two: a connection is free a moment after its answer was read.
      expect(backend.opened.all.length).toBeLessThanOrEqual(2)
      yield* wait(backend.closed.count(backend.opened.all.length))
    })
  )

  it.effect("has headers of the client and of the configuration", () =>
    Effect.gen(function* () {
      const backend = yield* start()
      const settings = rpcAt(backend.url, {
        httpHeaders: ["Cookie"],
        emulatedHeaders: ["X-Token"],
        http: { staticHeaders: { Authorization: "Bearer key" } }
      })
      const question = {
        ...user,
        headers: new Map([["cookie", "caf\u00e9=1"]]),
        emulatedHeaders: { "x-token": "\u20ac", "x-other": "no" },
        method: "m"
      }
      yield* withBackend(
        settings,
        Effect.flatMap(Backend, ({ rpc }) => rpc("m")!(question))
      )
      const { headers } = backend.requests.all[0]!
      expect(headers).toMatchObject({ cookie: "caf\u00e9=1", authorization: "Bearer key" })
      expect(Buffer.from(headers["x-token"] as string, "latin1").toString()).toBe("\u20ac")
      expect(headers["x-other"]).toBeUndefined()
    })
  )

  it.effect("is refused by the backend with an error of its own, which is no failure", () =>
    Effect.gen(function* () {
      const backend = yield* start(json({ error: { code: 404, message: "no such thing" } }))
      const logs = new CapturedLogs()
      const [error, samples] = yield* withBackend(
        rpcAt(backend.url),
        Effect.all([failureOf(call()), samplesOf]),
        logs
      )
      expect(error).toEqual(new BackendError({ code: 404, message: "no such thing", isTemporary: false }))
      expect(samples).toEqual({
        clarion_backend_requests_total: 1,
        clarion_backend_requests_in_flight: 0,
        clarion_backend_requests_waiting: 0
      })
      expect(logs.lines).toEqual([])
    })
  )
})

describe("a question has failed", () => {
  /** The failure of one call, as the caller, the metrics and the log have it. */
  const failing = (answer: Answer, limits: Settings<ServerConfigValue>["limits"] = {}) =>
    Effect.gen(function* () {
      const backend = yield* start(answer)
      const logs = new CapturedLogs()
      const [error, samples] = yield* withBackend(
        { ...rpcAt(backend.url), limits },
        Effect.all([failureOf(call()), samplesOf]),
        logs
      )
      expect(error).toBeInstanceOf(BackendFailed)
      expect(samples.clarion_backend_requests_in_flight).toBe(0)
      const { detail } = error as BackendFailed
      expect(logs.texts("Warn")).toEqual([`the backend of rpc.proxy failed: ${detail}`])
      const reasons = Object.keys(samples).filter((name) => name.startsWith("clarion_backend_failures"))
      return `${reasons.join().replace("clarion_backend_failures_total ", "")}: ${detail}`
    })

  it.effect.each([
    ["status 500", status(500), "status: HTTP status 500"],
    ["status 404 with an answer", status(404, '{"result":{}}'), "status: HTTP status 404"],
    ["status 201 with an answer", status(201, '{"result":{}}'), "status: HTTP status 201"],
    ["a redirect", status(302), "status: HTTP status 302"],
    ["something else than an answer", json("<html>"), "malformed: the answer: Expected object"],
    ["nothing", json(""), "malformed: the answer: Expected object"],
    [
      "a code that is not its own",
      json({ error: { code: 103 } }),
      "malformed: error.code: Expected a value between 400 and 1999"
    ],
    ["the end of the connection", (_, response) => cut(response, "end"), "connection: socket hang up"],
    ["a reset", (_, response) => cut(response, "reset"), "connection: read ECONNRESET"]
  ] satisfies ReadonlyArray<readonly [string, Answer, string]>)(
    "where the backend answers with %s",
    ([, answer, expected]) => Effect.map(failing(answer), (failure) => expect(failure).toBe(expected))
  )

  it.effect.each(["end", "reset"] as const)(
    "where the connection breaks in the middle of the answer (%s)",
    (how) =>
      Effect.gen(function* () {
        const failure = yield* failing((_, response) => {
          response.writeHead(200, { "content-length": 100 })
          response.write('{"result":', () => cut(response, how))
        })
        expect(failure).toMatch(
          /^connection: (the connection ended in the middle of the answer|read ECONNRESET)$/
        )
      })
  )

  it.effect("where the answer is larger than may be, and not a byte less", () =>
    Effect.gen(function* () {
      const limits = { proxyResponse: 1000 }
      const sized = (size: number): Answer => json(`{"result":{"data":"${"x".repeat(size - 22)}"}}`)
      expect(yield* failing(sized(1001), limits)).toBe("size: the answer is larger than 1000 bytes")
      const backend = yield* start(sized(1000))
      const answer = yield* withBackend({ ...rpcAt(backend.url), limits }, call())
      expect(answer).toHaveLength(980)
    })
  )

  it.effect("where it never stops answering, after no more than may be", () =>
    Effect.gen(function* () {
      const endless: Answer = (_, response) => {
        response.on("error", () => {})
        const more = () => {
          while (!response.destroyed && response.write("x".repeat(65_536)));
          response.once("drain", more)
        }
        more()
      }
      expect(yield* failing(endless)).toBe("size: the answer is larger than 1048576 bytes")
    })
  )

  it.effect("where nobody listens", () =>
    Effect.gen(function* () {
      const port = yield* wait(freePort())
      const error = yield* withBackend(rpcAt(`http://127.0.0.1:${port}`), failureOf(call()))
      expect(error).toMatchObject({ _tag: "BackendFailed", detail: `connect ECONNREFUSED 127.0.0.1:${port}` })
    })
  )

  it.effect("where the answer is not complete in time, and the request is cut", () =>
    Effect.gen(function* () {
      for (const answer of [silence, (_, response) => response.write('{"result":')] satisfies Array<Answer>) {
        const backend = yield* start(answer)
        const error = yield* withBackend(
          rpcAt(backend.url, { timeout: "3 s" }),
          Effect.gen(function* () {
            const asked = yield* Effect.forkChild(failureOf(call()))
            yield* wait(backend.requests.count(1))
            yield* TestClock.adjust("2999 millis")
            expect(asked.pollUnsafe()).toBeUndefined()
            yield* TestClock.adjust("1 millis")
            return yield* Fiber.join(asked)
          })
        )
        expect(error).toEqual(new BackendFailed({ detail: "no answer within 3s" }))
        yield* wait(backend.closed.count(1))
      }
    })
  )

  it.effect("and the next one may not", () =>
    Effect.gen(function* () {
      const backend = yield* start((request, response, index) =>
        index < 3 ? cut(response, "reset") : json({ result: { data: 1 } })(request, response, index)
      )
      yield* withBackend(
        rpcAt(backend.url),
        Effect.gen(function* () {
          for (let i = 0; i < 3; i++) yield* failureOf(call())
          expect(textOf(yield* call())).toBe("1")
        })
      )
    })
  )

  it.effect("a thousand times, and is logged every ten seconds", () =>
    Effect.gen(function* () {
      const backend = yield* start(status(500))
      const logs = new CapturedLogs()
      const failures = Effect.forEach(Array(500), () => failureOf(call()), { concurrency: 50 })
      yield* withBackend(
        rpcAt(backend.url, { timeout: "1 hour" }),
        Effect.gen(function* () {
          yield* failures
          yield* TestClock.adjust("9999 millis")
          yield* failures
          expect(logs.texts()).toHaveLength(1)
          yield* TestClock.adjust("1 millis")
          yield* failureOf(call())
          expect((yield* samplesOf)["clarion_backend_failures_total status"]).toBe(1001)
        }),
        logs
      )
      expect(logs.texts("Warn")).toEqual([
        "the backend of rpc.proxy failed: HTTP status 500",
        "the backend of rpc.proxy failed: HTTP status 500 (999 failures before it were not logged)"
      ])
    })
  )
})

describe("many questions at once", () => {
  const limits = { proxyRequests: 2, proxyQueue: 3 }

  it.effect("are asked a bounded number at a time, in their order; more than may wait fail at once", () =>
    Effect.gen(function* () {
      const responses: Array<() => void> = []
      const backend = yield* start((request, response, index) => {
        responses.push(() =>
          json({ result: { data: JSON.parse(request.text).data } })(request, response, index)
        )
      })
      yield* withBackend(
        { ...rpcAt(backend.url), limits },
        Effect.gen(function* () {
          const asked = yield* Effect.forEach([1, 2, 3, 4, 5], (n) =>
            Effect.forkChild(call(String(n)), { startImmediately: true })
          )
          expect(yield* failureOf(call("6"))).toEqual(
            new BackendFailed({ detail: "3 questions wait for it" })
          )
          yield* wait(backend.requests.count(2))
          expect(yield* samplesOf).toMatchObject({
            clarion_backend_requests_total: 2,
            clarion_backend_requests_in_flight: 2,
            clarion_backend_requests_waiting: 3,
            "clarion_backend_failures_total overload": 1
          })
          for (let answered = 0; answered < 5; answered++) {
            yield* wait(backend.requests.count(Math.min(5, answered + 2)))
            expect(backend.requests.all).toHaveLength(Math.min(5, answered + 2))
            responses[answered]!()
            yield* Fiber.join(asked[answered]!)
          }
          expect(backend.requests.all.map(({ text }) => JSON.parse(text).data)).toEqual([1, 2, 3, 4, 5])
          const answers = yield* Effect.forEach(asked, Fiber.join)
          expect(answers.map(textOf)).toEqual(["1", "2", "3", "4", "5"])
          expect(yield* samplesOf).toMatchObject({
            clarion_backend_requests_in_flight: 0,
            clarion_backend_requests_waiting: 0
          })
        })
      )
    })
  )

  it.effect("wait in the time that they have for an answer", () =>
    Effect.gen(function* () {
      const backend = yield* start(silence)
      yield* withBackend(
        { ...rpcAt(backend.url), limits },
        Effect.gen(function* () {
          const early = yield* Effect.forEach([1, 2], () => Effect.forkChild(failureOf(call())))
          yield* wait(backend.requests.count(2))
          yield* TestClock.adjust("500 millis")
          const late = yield* Effect.forkChild(failureOf(call()), { startImmediately: true })
          yield* TestClock.adjust("500 millis")
          const failed = new BackendFailed({ detail: "no answer within 1s" })
          for (const one of early) expect(yield* Fiber.join(one)).toEqual(failed)
          yield* wait(backend.requests.count(3))
          yield* TestClock.adjust("499 millis")
          expect(late.pollUnsafe()).toBeUndefined()
          yield* TestClock.adjust("1 millis")
          expect(yield* Fiber.join(late)).toEqual(failed)
        })
      )
    })
  )

  it.effect("leave room when they are interrupted, waiting or asked, and their requests are cut", () =>
    Effect.gen(function* () {
      const backend = yield* start(silence)
      yield* withBackend(
        { ...rpcAt(backend.url), limits },
        Effect.gen(function* () {
          const asked = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => Effect.forkChild(call(String(n))))
          yield* wait(backend.requests.count(2))
          yield* Effect.forEach(asked, Fiber.interrupt)
          yield* wait(backend.closed.count(2))
          backend.answer = json({ result: { data: 7 } })
          expect(textOf(yield* call())).toBe("7")
          expect(yield* samplesOf).toMatchObject({
            clarion_backend_requests_in_flight: 0,
            clarion_backend_requests_waiting: 0
          })
        })
      )
    })
  )

  it.effect("do not stand in the way of those of another proxy", () =>
    Effect.gen(function* () {
      const [slow, fast] = [yield* start(silence), yield* start()]
      const settings: Settings<ServerConfigValue> = {
        rpc: {
          proxy: { endpoint: slow.url },
          withoutNamespace: { proxyEnabled: true },
          namespaces: [{ name: "quick", proxyEnabled: true, proxyName: "fast" }]
        },
        proxies: [{ name: "fast", endpoint: fast.url }],
        limits: { proxyRequests: 1, proxyQueue: 0 }
      }
      yield* withBackend(
        settings,
        Effect.gen(function* () {
          const asked = yield* Effect.forkChild(call())
          yield* wait(slow.requests.count(1))
          yield* call("{}", "quick:m")
          expect(yield* failureOf(call())).toBeInstanceOf(BackendFailed)
          yield* Fiber.interrupt(asked)
        })
      )
    })
  )
})
