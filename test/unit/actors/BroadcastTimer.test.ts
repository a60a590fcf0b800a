import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { expect } from "vitest"
import * as BroadcastTimer from "../../../src/actors/BroadcastTimer.ts"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { type BroadcastOptions, BroadcastTotals, Publisher } from "../../../src/services/Publisher.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { configWith } from "../../support/configurations.ts"

const { nextTick } = BroadcastTimer

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
/** So that the epoch milliseconds have the 13 digits that they have in our days. */
const START = Date.parse("2030-01-01T00:00:00Z")

const DELAY = 10_000
const INTERVAL = 1000
const TIMER = {
  sending: { timer: { delay: DELAY, interval: INTERVAL } },
  onlyTestConnect: false,
  totalSize: 3
}

interface Broadcast {
  readonly data: string
  readonly options: BroadcastOptions | undefined
  /** After the start, in ms. */
  readonly at: number
}

/** Everyone a broadcast reaches, and how long that takes. */
class FakePublisher {
  connections = 5
  lastingMs = 0
  underWay = 0
  overlapped = false
  readonly broadcasts: Array<Broadcast> = []

  readonly layer = Layer.succeed(
    Publisher,
    Publisher.of({
      broadcast: (data, options) =>
        Effect.gen({ self: this }, function* () {
          const publishedAt = yield* Clock.currentTimeMillis
          this.broadcasts.push({ data: String(data), options, at: publishedAt - START })
          this.overlapped ||= this.underWay > 0
          this.underWay++
          yield* Effect.sleep(this.lastingMs)
          this.underWay--
          const counts = { eligible: this.connections, written: this.connections - 2, dropped: 1, closed: 1 }
          return {
            id: options?.id ?? "",
            kind: "broadcast" as const,
            channels: ["broadcast"],
            channelCount: 1,
            ...counts,
            drops: { slow: 1, mailbox: 0 },
            isComplete: true,
            acked: 0,
            publishedAt,
            firstWriteAt: publishedAt,
            lastWriteAt: publishedAt + this.lastingMs,
            timeToLastWriteMs: this.lastingMs,
            lost: 0,
            workers: []
          }
        }),
      broadcastUnsafe: () => {},
      connections: Effect.sync(() => this.connections),
      totals: new BroadcastTotals(),
      settled: Effect.void
    })
  )
}

/** Runs the timer beside `body` from START on, until it ends. */
const test = (
  name: string,
  body: (
    publisher: FakePublisher,
    logs: CapturedLogs
  ) => Effect.Effect<void, unknown, ActorTree | Metrics | Scope.Scope>,
  settings: Settings<ServerConfigValue> = TIMER,
  leadership: Layer.Layer<Leadership> = Leadership.layerAlone
) => {
  const logs = new CapturedLogs()
  const publisher = new FakePublisher()
  const services = Layer.mergeAll(
    publisher.layer,
    ActorTree.layer,
    leadership,
    Metrics.layer,
    Layer.succeed(ServerConfig, configWith(settings))
  )
  const timer = BroadcastTimer.layer.pipe(Layer.provideMerge(services), Layer.provide(logs.layer))
  it.effect(name, () =>
    Effect.andThen(TestClock.setTime(START), Effect.provide(body(publisher, logs), timer))
  )
}

describe("the broadcast timer", () => {
  const lead = { isLeading: false }
  test(
    "of the nodes of a cluster sends where it leads, at its ticks from then on",
    (publisher, logs) =>
      Effect.gen(function* () {
        const tree = yield* ActorTree
        yield* tree.register("primary", () => ({ state: "serving" }))
        const stateNow = Effect.map(tree.snapshot, ([root]) => root?.children[0]?.state)
        yield* TestClock.adjust(DELAY + 10 * INTERVAL)
        expect(publisher.broadcasts).toEqual([])
        expect(logs.texts("Info")).toEqual([])
        expect(yield* stateNow).toBe("following")
        lead.isLeading = true
        yield* TestClock.adjust(3 * INTERVAL)
        expect(publisher.broadcasts.map(({ at }) => at)).toEqual(
          [11, 12, 13].map((tick) => DELAY + tick * INTERVAL)
        )
        expect(yield* stateNow).toBe("waiting")
      }),
    TIMER,
    Layer.succeed(
      Leadership,
      Leadership.of({ isLeader: () => lead.isLeading, fence: () => 1, onChange: () => Effect.void })
    )
  )

  test("ticks first after the delay and then at every interval", (publisher) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(DELAY - 1)
      expect(publisher.broadcasts).toEqual([])
      yield* TestClock.adjust(1)
      expect(publisher.broadcasts).toHaveLength(1)
      yield* TestClock.adjust(INTERVAL - 1)
      expect(publisher.broadcasts).toHaveLength(1)
      yield* TestClock.adjust(1 + 3 * INTERVAL)
      expect(publisher.broadcasts.map(({ at }) => at)).toEqual([10_000, 11_000, 12_000, 13_000, 14_000])
    }))

  test("sends the epoch milliseconds as 13 digits, as text, under the id that it logs", (publisher, logs) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(DELAY)
      const [broadcast] = publisher.broadcasts
      expect(broadcast?.data).toBe(String(START + DELAY))
      expect(broadcast?.data).toMatch(/^\d{13}$/)
      expect(broadcast?.options?.id).toMatch(UUID)
      expect(broadcast?.options?.isBinary ?? false).toBe(false)
      expect(logs.texts("Info")[0]).toBe(`send msg to channels for ${broadcast?.options?.id}`)
    }))

  test("logs before and after each broadcast, to the letter, with the count of the moment", (publisher, logs) =>
    Effect.gen(function* () {
      publisher.lastingMs = 100
      yield* TestClock.adjust(DELAY + 50)
      const id = publisher.broadcasts[0]?.options?.id
      expect(logs.texts()).toEqual([`send msg to channels for ${id}`])
      publisher.connections = 4
      yield* TestClock.adjust(50)
      expect(logs.texts()).toEqual([
        `send msg to channels for ${id}`,
        `sent msg to channels for ${id}. current channels: 4`
      ])
      const { annotations } = logs.lines[1]!
      expect(annotations).toMatchObject({
        eligible: 4,
        written: 2,
        dropped: 1,
        closed: 1,
        timeToLastWriteMs: 100
      })
    }))

  test("with too few connections logs one line and sends nothing", (publisher, logs) =>
    Effect.gen(function* () {
      publisher.connections = 2
      yield* TestClock.adjust(DELAY)
      expect(publisher.broadcasts).toEqual([])
      expect(logs.texts()).toHaveLength(1)
      const [, id] = /^current channels: 2 for (.+)$/.exec(logs.texts()[0]!) ?? []
      expect(id).toMatch(UUID)
    }))

  test("tests the gate at every tick", (publisher, logs) =>
    Effect.gen(function* () {
      const sent: Array<number> = []
      for (const connections of [2, 3, 4, 0, 3]) {
        publisher.connections = connections
        yield* TestClock.adjust(connections === 2 ? DELAY : INTERVAL)
        sent.push(publisher.broadcasts.length)
      }
      expect(sent).toEqual([0, 1, 2, 2, 3])
      expect(logs.texts().filter((text) => text.startsWith("current channels: "))).toHaveLength(2)
    }))

  test("takes a fresh id for each tick", (publisher) =>
    Effect.gen(function* () {
      yield* TestClock.adjust(DELAY + 9 * INTERVAL)
      expect(new Set(publisher.broadcasts.map(({ options }) => options?.id)).size).toBe(10)
    }))

  test(
    "ticks 1440 times in a day of minutes",
    (publisher) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 day")
        const ats = publisher.broadcasts.map(({ at }) => at)
        expect(ats).toEqual(Array.from({ length: 1440 }, (_, i) => (i + 1) * 60_000))
      }),
    { ...TIMER, sending: { timer: { delay: "1 minute", interval: "1 minute" } } }
  )

  test(
    "ticks at once when there is no delay",
    (publisher) =>
      Effect.gen(function* () {
        yield* TestClock.adjust(0)
        expect(publisher.broadcasts).toHaveLength(1)
      }),
    { ...TIMER, sending: { timer: { delay: 0, interval: INTERVAL } } }
  )

  test(
    "does not run where only connections are tested",
    (publisher, logs) =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 day")
        expect([publisher.broadcasts, logs.lines]).toEqual([[], []])
        expect(yield* (yield* ActorTree).snapshot).toEqual([])
      }),
    { ...TIMER, onlyTestConnect: true }
  )
})

describe("a broadcast that overruns", () => {
  test("delays the next tick, which keeps to the rate again afterwards", (publisher, logs) =>
    Effect.gen(function* () {
      publisher.lastingMs = 1.5 * INTERVAL
      yield* TestClock.adjust(DELAY)
      publisher.lastingMs = 0
      yield* TestClock.adjust(5 * INTERVAL)
      expect(publisher.broadcasts.map(({ at }) => at)).toEqual([
        10_000, 11_500, 12_000, 13_000, 14_000, 15_000
      ])
      expect(logs.texts("Warn")).toEqual([])
    }))

  test("of 2.5 intervals delays the next tick and skips one, which is counted", (publisher, logs) =>
    Effect.gen(function* () {
      publisher.lastingMs = 2.5 * INTERVAL
      yield* TestClock.adjust(DELAY)
      publisher.lastingMs = 0
      yield* TestClock.adjust(4 * INTERVAL)
      expect(publisher.broadcasts.map(({ at }) => at)).toEqual([10_000, 12_500, 13_000, 14_000])
      expect(logs.texts("Warn")).toEqual(["the last broadcast overran; ticks skipped: 1"])
    }))

  test("never meets another one", (publisher) =>
    Effect.gen(function* () {
      publisher.lastingMs = 2.5 * INTERVAL
      yield* TestClock.adjust("1 hour")
      expect(publisher.overlapped).toBe(false)
      const ats = publisher.broadcasts.map(({ at }) => at)
      expect(ats.length).toBeGreaterThan(1400)
      const gaps = ats.slice(1).map((at, i) => at - ats[i]!)
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2.5 * INTERVAL)
    }))
})

describe("the timer in the actor tree", () => {
  test("shows the state of its gate", (publisher) =>
    Effect.gen(function* () {
      const tree = yield* ActorTree
      yield* tree.register("primary", () => ({ state: "serving" }))
      const state = Effect.map(tree.snapshot, ([root]) =>
        root?.children.map((node) => [node.name, node.state])
      )
      yield* TestClock.adjust(0)
      expect(yield* state).toEqual([["broadcast-timer", "waiting"]])
      publisher.connections = 0
      yield* TestClock.adjust(DELAY)
      expect(yield* state).toEqual([["broadcast-timer", "gated"]])
      publisher.connections = 9
      publisher.lastingMs = 500
      yield* TestClock.adjust(INTERVAL)
      expect(yield* state).toEqual([["broadcast-timer", "sending"]])
      yield* TestClock.adjust(500)
      expect(yield* state).toEqual([["broadcast-timer", "waiting"]])
    }))
})

describe("the next tick", () => {
  const cases: ReadonlyArray<readonly [now: number, dueMs: number, missed: number]> = [
    [1000, 2000, 0],
    [1999, 2000, 0],
    [2000, 2000, 0],
    [2999, 2000, 0],
    [3000, 3000, 1],
    [3500, 3000, 1],
    [9999, 9000, 7]
  ]
  it.each(cases)("after the one at 1000, at %d, is due at %d with %d missed", (now, dueMs, missed) => {
    expect(nextTick(1000, 1000, now)).toEqual({ dueMs, missed })
  })

  it("lies on the rate, skips only what is past, and is at most one interval late", () => {
    const durations = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(fc.nat(1e12), durations, fc.nat(1e7), (last, interval, tookMs) => {
        const now = last + tookMs
        const { dueMs, missed } = nextTick(last, interval, now)
        expect(missed).toBeGreaterThanOrEqual(0)
        expect(dueMs).toBe(last + (missed + 1) * interval)
        expect(dueMs).toBeGreaterThan(now - interval)
        if (missed > 0) expect(dueMs).toBeLessThanOrEqual(now)
      })
    )
  })
})

it("the built-in values are the original ones: ten minutes, then every minute", () => {
  const { sending, onlyTestConnect } = configWith()
  expect(Duration.toMillis(sending.timer.delay)).toBe(600_000)
  expect(Duration.toMillis(sending.timer.interval)).toBe(60_000)
  expect(onlyTestConnect).toBe(true)
})
