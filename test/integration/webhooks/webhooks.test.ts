/** Webhooks to real receivers, under the test's clock; every run of the server is a scope. */
import { createHmac } from "node:crypto"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { type SessionEvent, SessionEvents } from "../../../src/services/SessionEvents.ts"
import { SessionListener } from "../../../src/services/SessionListener.ts"
import { layerSessionEvents } from "../../../src/services/webhooks/sessionEventsLayer.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { freePort } from "../../support/client/servers.ts"
import { configWith } from "../../support/configurations.ts"
import { type Answer, HttpBackend, type HttpRequest, silence, status } from "../../support/HttpBackend.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

type WebhookSettings = NonNullable<Settings<ServerConfigValue>["webhooks"]>
interface Run {
  readonly receiver: string
  readonly store: string
  readonly webhooks?: WebhookSettings
  readonly logs?: CapturedLogs
  readonly listener?: (event: SessionEvent) => void
}

/** One run of the server. */
const run = <A, E>(
  { receiver, store, webhooks = {}, logs = new CapturedLogs(), listener }: Run,
  use: (events: SessionEvents["Service"]) => Effect.Effect<A, E, Metrics | Scope.Scope>
) =>
  Effect.scoped(Effect.flatMap(SessionEvents, use)).pipe(
    Effect.provide(
      layerSessionEvents.pipe(
        Layer.provideMerge(Metrics.layer),
        Layer.provide(
          Layer.succeed(
            ServerConfig,
            configWith({
              store: { path: store },
              webhooks: { endpoint: receiver, secret: "secret", batchDelay: 0, ...webhooks }
            })
          )
        ),
        Layer.provide(Layer.succeed(SessionListener, listener))
      )
    ),
    Effect.provide(logs.layer)
  )

const occupied = (channel: string): SessionEvent => ({ _tag: "ChannelOccupied", channel })
const disconnected: SessionEvent = {
  _tag: "Disconnected",
  client: "c1",
  user: "u1",
  code: 3001,
  reason: "shutdown"
}

const start = (answer: Answer = status(200)) => Effect.promise(() => HttpBackend.start(answer))
const wait = <A>(promise: Promise<A>) => Effect.promise(() => promise)
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/**
 * Lets the test's time go by, a step at a time, until something has happened; not while a request is on its way, which takes the machine's
 * own time.
 */
const passTime = <A>(step: string, promise: Promise<A>) =>
  Effect.gen(function* () {
    const awaited = yield* Effect.forkChild(wait(promise), { startImmediately: true })
    while (awaited.pollUnsafe() === undefined) {
      if ((yield* samplesOf).requests_in_flight === 0) yield* TestClock.adjust(step as "1 second")
      yield* turn
    }
    return yield* Fiber.join(awaited)
  })

/** Waits until the first attempt has failed, and the next one is due later. */
const firstFailure = Effect.gen(function* () {
  while ((yield* samplesOf)["failures_total status"] !== 1) yield* turn
})

interface Delivery {
  readonly id: string
  readonly lost?: number
  readonly events: ReadonlyArray<{
    readonly id: string
    readonly type: string
    readonly channel?: string
    readonly timestamp: number
  }>
}
const deliveryOf = ({ text }: HttpRequest): Delivery => JSON.parse(text)
const channelsOf = (requests: ReadonlyArray<HttpRequest>) =>
  requests.flatMap((request) => deliveryOf(request).events.map(({ channel }) => channel))
const delivered = (count: number) => (requests: ReadonlyArray<HttpRequest>) =>
  channelsOf(requests).length >= count
const secondsOf = ({ headers }: HttpRequest) => Number(headers["webhook-timestamp"])

const samplesOf = Effect.gen(function* () {
  const all = yield* (yield* Metrics).samples
  return Object.fromEntries(
    all.map(({ name, labels = {}, value }) => [
      [name.replace("clarion_webhook_", ""), labels.reason].filter(Boolean).join(" "),
      value
    ])
  )
})

describe("events", () => {
  it.effect("are told to the receiver with all that is known of them", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      yield* TestClock.setTime(1_700_000_000_123)
      yield* run({ receiver: `${receiver.url}/hooks`, store: temporaryFolder() }, ({ tell }) =>
        Effect.gen(function* () {
          tell(disconnected)
          tell({
            _tag: "Unsubscribed",
            client: "c1",
            user: "",
            channel: "a",
            code: 2500,
            reason: "insufficient state"
          })
          tell(occupied("a"))
          tell({ _tag: "ChannelVacated", channel: "a" })
          yield* wait(receiver.requests.until(delivered(4)))
        })
      )
      const [first] = receiver.requests.all
      expect(first).toMatchObject({ path: "/hooks", headers: { "content-type": "application/json" } })
      const events = receiver.requests.all.flatMap((request) => deliveryOf(request).events)
      const [run0] = events[0]!.id.split("-")
      const timestamp = 1_700_000_000_123
      expect(events).toEqual([
        {
          id: `${run0}-1`,
          type: "disconnected",
          timestamp,
          client: "c1",
          user: "u1",
          code: 3001,
          reason: "shutdown"
        },
        {
          id: `${run0}-2`,
          type: "unsubscribed",
          timestamp,
          client: "c1",
          user: "",
          channel: "a",
          code: 2500,
          reason: "insufficient state"
        },
        { id: `${run0}-3`, type: "channel_occupied", timestamp, channel: "a" },
        { id: `${run0}-4`, type: "channel_vacated", timestamp, channel: "a" }
      ])
    })
  )

  it.effect("are only those of the configuration", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const webhooks = { events: ["channel_occupied"] as const }
      yield* run({ receiver: receiver.url, store: temporaryFolder(), webhooks }, ({ tell, wants }) =>
        Effect.gen(function* () {
          expect([wants("ChannelOccupied"), wants("Disconnected")]).toEqual([true, false])
          tell(disconnected)
          tell(occupied("a"))
          yield* wait(receiver.requests.count(1))
          expect(deliveryOf(receiver.requests.all[0]!).events.map(({ id }) => id.split("-")[1])).toEqual([
            "1"
          ])
        })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a"])
    })
  )

  it.effect("are none where there is no endpoint", () =>
    Effect.gen(function* () {
      const config = Layer.succeed(ServerConfig, configWith({ store: { path: "/nowhere" } }))
      const { wants, tell } = yield* SessionEvents.pipe(
        Effect.provide(layerSessionEvents.pipe(Layer.provide([Metrics.layer, config])))
      )
      tell(disconnected)
      expect(wants("Disconnected")).toBe(false)
    })
  )

  it.effect("are heard by the listener of an embedding program, at once, whatever it throws", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const heard: Array<SessionEvent> = []
      const logs = new CapturedLogs()
      const listener = (event: SessionEvent) => {
        heard.push(event)
        throw new Error("thrown")
      }
      const webhooks = { events: ["channel_occupied"] as const }
      yield* run(
        { receiver: receiver.url, store: temporaryFolder(), webhooks, listener, logs },
        ({ tell, wants }) =>
          Effect.gen(function* () {
            expect(wants("Disconnected")).toBe(true)
            tell(disconnected)
            tell(occupied("a"))
            expect(heard).toEqual([disconnected, occupied("a")])
            yield* wait(receiver.requests.count(1))
          })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a"])
      expect(logs.texts("Warn").map((line) => line.split("\n")[0])).toEqual([
        "the session listener failed: Error: thrown"
      ])
    })
  )
})

describe("a delivery", () => {
  it.effect.each([
    ["a text", "hunter2", Buffer.from("hunter2")],
    ["Base64", "whsec_AAECAwQFBgc=", Buffer.of(0, 1, 2, 3, 4, 5, 6, 7)]
  ] as const)("is signed with a secret that is %s", ([, secret, key]) =>
    Effect.gen(function* () {
      const receiver = yield* start()
      yield* TestClock.setTime(1_700_000_000_999)
      yield* run({ receiver: receiver.url, store: temporaryFolder(), webhooks: { secret } }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("\u20ac"))
          yield* wait(receiver.requests.count(1))
        })
      )
      const { headers, body } = receiver.requests.all[0]!
      expect(headers["webhook-timestamp"]).toBe("1700000000")
      expect(headers["webhook-id"]).toBe(deliveryOf(receiver.requests.all[0]!).id)
      const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.1700000000.`), body])
      const signature = createHmac("sha256", key).update(signed).digest("base64")
      expect(headers["webhook-signature"]).toBe(`v1,${signature}`)
    })
  )

  it.effect("has no more events than configured, in their order", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const names = Array.from({ length: 25 }, (_, n) => `c${n}`)
      yield* run(
        {
          receiver: receiver.url,
          store: temporaryFolder(),
          webhooks: { batchSize: 10, batchDelay: "1 hour" }
        },
        ({ tell }) =>
          Effect.gen(function* () {
            for (const name of names) tell(occupied(name))
            // What fills a delivery does not wait for more; what does not is sent at the end.
            yield* wait(receiver.requests.count(2))
          })
      )
      expect(receiver.requests.all.map((request) => deliveryOf(request).events.length)).toEqual([10, 10, 5])
      expect(channelsOf(receiver.requests.all)).toEqual(names)
      const ids = receiver.requests.all.map((request) => deliveryOf(request).id)
      expect(new Set(ids).size).toBe(3)
    })
  )

  it.effect("waits for more events, but no longer than configured", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      yield* run(
        { receiver: receiver.url, store: temporaryFolder(), webhooks: { batchDelay: "60 s" } },
        ({ tell }) =>
          Effect.gen(function* () {
            tell(occupied("a"))
            tell(occupied("b"))
            yield* passTime("1 second", receiver.requests.count(1))
          })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a", "b"])
      const waited =
        secondsOf(receiver.requests.all[0]!) -
        deliveryOf(receiver.requests.all[0]!).events[0]!.timestamp / 1000
      expect(waited).toBeGreaterThanOrEqual(60)
    })
  )

  it.effect("waits no longer as soon as it is full", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const store = temporaryFolder()
      const webhooks = { batchSize: 10, batchDelay: "1 hour" }
      yield* run({ receiver: receiver.url, store, webhooks }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("first"))
          while (!readFileSync(join(store, "webhook-events"), "utf8").includes("first")) yield* turn
          for (let n = 0; n < 5; n++) yield* turn
          for (let n = 0; n < 9; n++) tell(occupied(`c${n}`))
          yield* wait(receiver.requests.count(1))
          expect(channelsOf(receiver.requests.all)).toHaveLength(10)
        })
      )
    })
  )

  it.effect("is no larger than 256 KiB", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const name = (n: number) => `${n}${"x".repeat(100_000)}`
      yield* run({ receiver: receiver.url, store: temporaryFolder() }, ({ tell }) =>
        Effect.gen(function* () {
          for (let n = 0; n < 5; n++) tell(occupied(name(n)))
          yield* wait(receiver.requests.until(delivered(5)))
        })
      )
      expect(receiver.requests.all.map((request) => deliveryOf(request).events.length)).toEqual([2, 2, 1])
    })
  )
})

describe("a receiver that does not accept", () => {
  it.effect.each([
    ["500", status(500)],
    ["503", status(503)],
    ["429", status(429)],
    ["400", status(400)],
    ["401", status(401)],
    ["410", status(410)],
    ["302", status(302)],
    ["a reset", (_, response) => void response.socket!.resetAndDestroy()]
  ] satisfies ReadonlyArray<readonly [string, Answer]>)(
    "(%s) gets the same delivery again, signed anew",
    ([, refusal]) =>
      Effect.gen(function* () {
        const receiver = yield* start((request, response, index) =>
          (index < 3 ? refusal : status(204))(request, response, index)
        )
        const logs = new CapturedLogs()
        const samples = yield* run({ receiver: receiver.url, store: temporaryFolder(), logs }, ({ tell }) =>
          Effect.gen(function* () {
            tell(occupied("a"))
            yield* wait(receiver.requests.count(1))
            tell(occupied("b"))
            yield* passTime(
              "1 second",
              receiver.requests.until((all) => channelsOf(all).includes("b"))
            )
            yield* passTime("1 second", receiver.requests.count(5))
            return yield* samplesOf
          })
        )
        expect(channelsOf(receiver.requests.all)).toEqual(["a", "a", "a", "a", "b"])
        const [first, ...again] = receiver.requests.all.slice(0, 4)
        for (const { body } of again) expect(body.equals(first!.body)).toBe(true)
        const signatures = receiver.requests.all.map(({ headers }) => headers["webhook-signature"])
        expect(new Set(signatures).size).toBeGreaterThan(2)
        expect(samples).toMatchObject({ events_lost_total: 0 })
        expect(logs.texts("Warn")[0]).toMatch(/^webhooks to http:\/\/127.0.0.1:\d+\/ fail: /)
      })
  )

  it.effect("is tried after delays that double up to the longest, each a fifth shorter or longer", () =>
    Effect.gen(function* () {
      const receiver = yield* start(status(500))
      const webhooks = { retry: { minDelay: "10000 s", maxDelay: "35000 s" }, timeout: "1 day" }
      yield* run({ receiver: receiver.url, store: temporaryFolder(), webhooks }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("a"))
          yield* passTime("100 seconds", receiver.requests.count(6))
        })
      )
      const times = receiver.requests.all.slice(0, 6).map(secondsOf)
      const expected = [10_000, 20_000, 35_000, 35_000, 35_000]
      const deviations = expected.map((delay, at) => times[at + 1]! - times[at]! - delay)
      deviations.forEach((deviation, at) => {
        expect(deviation).toBeGreaterThanOrEqual(-0.2 * expected[at]! - 100)
        expect(deviation).toBeLessThanOrEqual(0.2 * expected[at]! + 200)
      })
      // Each differs from the next, or all receivers that failed at once would be met at once again.
      expect(deviations.some((deviation) => Math.abs(deviation) > 300)).toBe(true)
    })
  )

  it.effect("in time is tried again", () =>
    Effect.gen(function* () {
      const receiver = yield* start((request, response, index) =>
        (index === 0 ? silence : status(200))(request, response, index)
      )
      const samples = yield* run(
        { receiver: receiver.url, store: temporaryFolder(), webhooks: { timeout: "30 s" } },
        ({ tell }) =>
          Effect.gen(function* () {
            tell(occupied("a"))
            yield* wait(receiver.requests.count(1))
            yield* TestClock.adjust("30 seconds")
            yield* passTime("1 second", receiver.requests.count(2))
            return yield* samplesOf
          })
      )
      const [first, second] = receiver.requests.all.map(secondsOf)
      expect(second! - first!).toBeGreaterThanOrEqual(30)
      expect(samples["failures_total timeout"]).toBe(1)
    })
  )

  it.effect(
    "at all is given up, the next delivery says how much was lost, and the one after it does not",
    () =>
      Effect.gen(function* () {
        const receiver = yield* start((request, response, index) =>
          (channelsOf([request]).includes("bad") ? status(500) : status(200))(request, response, index)
        )
        const logs = new CapturedLogs()
        const webhooks = { batchSize: 2, batchDelay: "1 hour", retry: { maxAttempts: 3 } }
        const samples = yield* run(
          { receiver: receiver.url, store: temporaryFolder(), webhooks, logs },
          ({ tell }) =>
            Effect.gen(function* () {
              for (const name of ["a", "bad", "b", "c", "d", "e"]) tell(occupied(name))
              yield* passTime("1 second", receiver.requests.count(5))
              // Nothing is behind the last one: it is complete when the run ends.
              return yield* samplesOf
            })
        )
        expect(
          receiver.requests.all.map((request) => [channelsOf([request]).join(), deliveryOf(request).lost])
        ).toEqual([
          ["a,bad", undefined],
          ["a,bad", undefined],
          ["a,bad", undefined],
          ["b,c", 2],
          ["d,e", undefined]
        ])
        expect(samples).toMatchObject({ events_lost_total: 2, "failures_total status": 3 })
        expect(logs.texts("Warn")).toContain(
          "webhook events are lost: a delivery of 2 was given up after 3 attempts"
        )
      })
  )

  it.effect("is tried only once where that is configured", () =>
    Effect.gen(function* () {
      const receiver = yield* start((request, response, index) =>
        (index === 0 ? status(500) : status(200))(request, response, index)
      )
      const webhooks = { batchSize: 1, retry: { maxAttempts: 1 } }
      yield* run({ receiver: receiver.url, store: temporaryFolder(), webhooks }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("a"))
          tell(occupied("b"))
          yield* wait(receiver.requests.count(2))
        })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a", "b"])
    })
  )

  it.effect("costs a bounded number of events; what does not fit is counted, logged once and told", () =>
    Effect.gen(function* () {
      const receiver = yield* start(silence)
      const logs = new CapturedLogs()
      const webhooks = { queueSize: 5, batchSize: 2 }
      const samples = yield* run(
        { receiver: receiver.url, store: temporaryFolder(), webhooks, logs },
        ({ tell }) =>
          Effect.gen(function* () {
            for (let n = 0; n < 105; n++) tell(occupied(`c${n}`))
            yield* wait(receiver.requests.count(1))
            expect(yield* samplesOf).toMatchObject({ events_waiting: 5, events_lost_total: 100 })
            receiver.answer = status(200)
            yield* TestClock.adjust("5 seconds")
            yield* passTime("1 second", receiver.requests.until(delivered(7)))
            tell(occupied("next"))
            yield* wait(receiver.requests.until(delivered(8)))
            return yield* samplesOf
          })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["c0", "c1", "c0", "c1", "c2", "c3", "c4", "next"])
      const lost = receiver.requests.all.flatMap((request) => deliveryOf(request).lost ?? [])
      expect(lost.slice(-1)).toEqual([100])
      // It is told until a receiver that accepts it has heard it, and not again.
      expect(deliveryOf(receiver.requests.all.at(-1)!).lost).toBeUndefined()
      expect(samples.events_lost_total).toBe(100)
      expect(logs.texts("Warn").filter((line) => line.includes("lost"))).toEqual([
        "webhook events are lost: 5 wait for delivery, and there is no room for more"
      ])
    })
  )
})

describe("the end of a run", () => {
  it.effect("sends what waits, without waiting for more", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const store = temporaryFolder()
      yield* run({ receiver: receiver.url, store, webhooks: { batchDelay: "1 hour" } }, ({ tell }) =>
        Effect.sync(() => {
          for (let n = 0; n < 250; n++) tell(occupied(`c${n}`))
        })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(Array.from({ length: 250 }, (_, n) => `c${n}`))
      expect(readFileSync(join(store, "webhook-events"), "utf8")).toBe("")
    })
  )

  it.effect("tries once more where it has to wait, says what remains, and leaves it to the next run", () =>
    Effect.gen(function* () {
      const receiver = yield* start(status(500))
      const store = temporaryFolder()
      const logs = new CapturedLogs()
      yield* run({ receiver: receiver.url, store, logs, webhooks: { batchSize: 2 } }, ({ tell }) =>
        Effect.gen(function* () {
          for (const name of ["a", "b", "c"]) tell(occupied(name))
          yield* firstFailure
          tell(occupied("d"))
        })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a", "b", "a", "b"])
      const file = join(store, "webhook-events")
      expect(logs.texts("Warn")).toContain(
        `4 webhook events were not delivered: ${file} keeps 4 of them for the next start`
      )

      receiver.answer = status(200)
      const again = new CapturedLogs()
      yield* run({ receiver: receiver.url, store, logs: again }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("e"))
          yield* wait(receiver.requests.until(delivered(9)))
        })
      )
      expect(channelsOf(receiver.requests.all).slice(4)).toEqual(["a", "b", "c", "d", "e"])
      const ids = receiver.requests.all.flatMap((request) => deliveryOf(request).events.map(({ id }) => id))
      expect(ids.slice(4, 6)).toEqual(ids.slice(0, 2))
      expect(ids.at(-1)!.split("-")[0]).not.toBe(ids[0]!.split("-")[0])
      expect(again.texts("Info")).toContain("4 webhook events of earlier runs are delivered first")
    })
  )

  it.effect("waits no longer than configured for a receiver that does not answer", () =>
    Effect.gen(function* () {
      const receiver = yield* start(silence)
      const logs = new CapturedLogs()
      const webhooks = { shutdownTimeout: "2 s", timeout: "1 hour" }
      const ending = yield* Effect.forkChild(
        run({ receiver: receiver.url, store: temporaryFolder(), webhooks, logs }, ({ tell }) =>
          Effect.gen(function* () {
            tell(occupied("a"))
            yield* wait(receiver.requests.count(1))
          })
        )
      )
      yield* wait(receiver.requests.count(1))
      while (ending.pollUnsafe() === undefined) {
        yield* TestClock.adjust("100 millis")
        yield* turn
      }
      expect(logs.texts("Warn")[0]).toMatch(/^1 webhook events were not delivered: .* keeps 1 of them/)
      yield* wait(receiver.closed.count(1))
    })
  )
})

describe("after a crash", () => {
  /** What a process that was killed leaves behind: the file as it was at that moment. */
  const crashed = (receiver: HttpBackend, told: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const store = temporaryFolder()
      const file = join(store, "webhook-events")
      let left = ""
      receiver.answer = silence
      yield* run(
        { receiver: receiver.url, store, webhooks: { batchSize: 2, shutdownTimeout: 0 } },
        ({ tell }) =>
          Effect.gen(function* () {
            for (const name of told) tell(occupied(name))
            yield* wait(receiver.requests.count(1))
            left = readFileSync(file, "utf8")
          })
      )
      writeFileSync(file, left)
      return { store, file }
    })

  it.effect("events that were not acknowledged are delivered by the next run, in their order", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const { store } = yield* crashed(receiver, ["a", "b", "c"])
      const before = receiver.requests.all.length
      receiver.answer = status(200)
      yield* run({ receiver: receiver.url, store }, () =>
        wait(receiver.requests.until((all) => delivered(3)(all.slice(before))))
      )
      expect(channelsOf(receiver.requests.all.slice(before))).toEqual(["a", "b", "c"])
    })
  )

  it.effect("an event that is torn is told as lost", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const { store, file } = yield* crashed(receiver, ["a", "b"])
      writeFileSync(file, readFileSync(file, "utf8").slice(0, -10))
      const before = receiver.requests.all.length
      receiver.answer = status(200)
      const logs = new CapturedLogs()
      yield* run({ receiver: receiver.url, store, logs }, () => wait(receiver.requests.count(before + 1)))
      const delivery = deliveryOf(receiver.requests.all[before]!)
      expect([channelsOf([receiver.requests.all[before]!]), delivery.lost]).toEqual([["a"], 1])
      expect(logs.texts("Warn")).toEqual([
        "webhook events are lost: 1 of earlier runs cannot be read, or are too many"
      ])
    })
  )

  it.effect("more events than may wait now are told as lost", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const { store } = yield* crashed(receiver, ["a", "b", "c", "d"])
      const before = receiver.requests.all.length
      receiver.answer = status(200)
      yield* run({ receiver: receiver.url, store, webhooks: { queueSize: 3, batchSize: 2 } }, ({ tell }) =>
        Effect.gen(function* () {
          yield* wait(receiver.requests.until((all) => delivered(3)(all.slice(before))))
          tell(occupied("e"))
          yield* wait(receiver.requests.until((all) => delivered(4)(all.slice(before))))
        })
      )
      expect(channelsOf(receiver.requests.all.slice(before))).toEqual(["a", "b", "c", "e"])
      expect(deliveryOf(receiver.requests.all[before]!).lost).toBe(1)
      yield* run({ receiver: receiver.url, store }, () => Effect.void)
      expect(channelsOf(receiver.requests.all.slice(before))).toEqual(["a", "b", "c", "e"])
    })
  )
})

describe("a store that cannot be used", () => {
  it.effect("is a warning, and events are delivered all the same", () =>
    Effect.gen(function* () {
      const receiver = yield* start()
      const store = temporaryFolder()
      mkdirSync(join(store, "webhook-events"))
      const logs = new CapturedLogs()
      yield* run({ receiver: receiver.url, store, logs }, ({ tell }) =>
        Effect.gen(function* () {
          tell(occupied("a"))
          yield* wait(receiver.requests.count(1))
        })
      )
      expect(channelsOf(receiver.requests.all)).toEqual(["a"])
      expect(logs.texts("Warn")).toHaveLength(1)
      expect(logs.texts("Warn")[0]).toMatch(
        /^webhook events are not kept over a crash: .*webhook-events cannot be used/
      )
    })
  )

  it.effect("keeps nothing for a receiver that is not there, and the log says so", () =>
    Effect.gen(function* () {
      const port = yield* wait(freePort())
      const store = temporaryFolder()
      mkdirSync(join(store, "webhook-events"))
      const logs = new CapturedLogs()
      yield* run({ receiver: `http://127.0.0.1:${port}/`, store, logs }, ({ tell }) =>
        Effect.sync(() => tell(occupied("a")))
      )
      expect(logs.texts("Warn")).toContain(
        `1 webhook events were not delivered: ${join(store, "webhook-events")} keeps 0 of them for the next start`
      )
    })
  )
})
