/** What each scenario does and when, on the test's clock, with connections that only count. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { MakeScenario, Scenario } from "../../../../src/client/scenario/Scenario.ts"
import { scenarioOf } from "../../../../src/client/scenario/scenarios.ts"
import type { ScenarioName } from "../../../../src/config/scenarioKeys.ts"
import type { ScenarioOutcome } from "../../../../src/protocol/report.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { FakeStage } from "../../../support/client/FakeStage.ts"
import type { Settings } from "../../../support/client/ramps.ts"

/** A scenario under way. */
const run = Effect.fnUntraced(function* (fake: FakeStage, name: ScenarioName, settings: Settings = {}) {
  const make: MakeScenario = scenarioOf(name)
  const stage = yield* fake.stage({ scenario: name, ...settings })
  const scenario: Scenario = make(stage)
  const fiber = yield* scenario.direct.pipe(
    Effect.provide(new CapturedLogs().layer),
    Effect.forkChild({ startImmediately: true })
  )
  const isOver = () => fiber.pollUnsafe() !== undefined
  const outcome = () => scenario.outcome(fake.metrics.snapshot(0))
  return { scenario, fiber, isOver, outcome }
})

const figure = ({ figures }: ScenarioOutcome, wanted: string) =>
  figures.find(({ name }) => name === wanted)?.value

describe("ramp", () => {
  it.effect("ends when every attempt has come to its end, and not before", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { isOver, outcome } = yield* run(fake, "ramp", { "total.clients": 3 })
      fake.attempt(3)
      fake.open(1)
      yield* TestClock.adjust("1 minute")
      expect(isOver()).toBe(false)
      fake.phase = "holding"
      yield* TestClock.adjust("1 second")
      expect(isOver()).toBe(false)
      fake.open(1)
      fake.metrics.failed(0, "refused", false)
      yield* TestClock.adjust("1 second")
      expect(isOver()).toBe(true)
      expect(figure(outcome(), "opened")).toBe(2)
      expect(figure(outcome(), "failed")).toBe(1)
      expect(figure(outcome(), "allOpen")).toBeNull()
    })
  )

  it.effect("does not wait for ever for an attempt that nobody ends", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { isOver } = yield* run(fake, "ramp", { "setup.timeout": "10 seconds" })
      fake.attempt(1)
      fake.phase = "holding"
      yield* TestClock.adjust("14 seconds")
      expect(isOver()).toBe(false)
      yield* TestClock.adjust("2 seconds")
      expect(isOver()).toBe(true)
    })
  )
})

describe("hold and spike", () => {
  for (const name of ["hold", "spike"] as const)
    it.effect(`${name} goes on for hold.duration from when all are open`, () =>
      Effect.gen(function* () {
        const fake = new FakeStage()
        const { isOver, outcome } = yield* run(fake, name, { "hold.duration": "30 seconds" })
        yield* TestClock.adjust("1 hour")
        fake.hold(5)
        yield* TestClock.adjust("29 seconds")
        expect(isOver()).toBe(false)
        const { endsAt = 0 } = fake.told.at(-1) ?? {}
        expect(Math.abs(endsAt - 3_630_000)).toBeLessThanOrEqual(200)
        yield* TestClock.adjust("2 seconds")
        expect(isOver()).toBe(true)
        expect(fake.orders).toEqual([])
        expect(outcome().missed).toEqual([])
        fake.close(2)
        fake.metrics.failed(0, "reset", true)
        expect(outcome().missed).toEqual(["3 connections ended that were to be held"])
      })
    )
})

describe("churn", () => {
  it.effect("orders its share every second while it holds, and waits for the last to come back", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const settings = { "total.clients": 10, "hold.duration": "5 seconds", "churn.share": 3 }
      const { isOver } = yield* run(fake, "churn", settings)
      fake.hold(10)
      fake.onOrder = () => fake.close(1)
      yield* TestClock.adjust("100 millis")
      yield* TestClock.adjust("5 seconds")
      expect(fake.orders.map(({ order }) => order)).toEqual(
        Array.from({ length: 5 }, () => ({ _tag: "Churn", share: 3, overMs: 1000 }))
      )
      const times = fake.orders.map(({ at }) => at)
      expect(times.map((at) => at - times[0]!)).toEqual([0, 1000, 2000, 3000, 4000])
      yield* TestClock.adjust("2 seconds")
      expect(isOver()).toBe(false)
      fake.attempt(5)
      fake.open(5)
      yield* TestClock.adjust("200 millis")
      expect(isOver()).toBe(true)
    })
  )

  it.effect("ends although some never come back", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { isOver } = yield* run(fake, "churn", { "total.clients": 10, "hold.duration": "5 seconds" })
      fake.hold(10)
      fake.onOrder = () => fake.close(1)
      yield* TestClock.adjust("13 seconds")
      expect(isOver()).toBe(true)
    })
  )
})

describe("drop", () => {
  const SETTINGS = { "total.clients": 8, "protocol.type": "centrifuge", "drop.delay": "5 seconds" }

  it.effect("cuts all once after its delay, waits until they are back, and a delay more", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { isOver, outcome } = yield* run(fake, "drop", SETTINGS)
      fake.hold(8)
      fake.onOrder = () => fake.close(8)
      yield* TestClock.adjust(4900)
      expect(fake.orders).toEqual([])
      yield* TestClock.adjust(200)
      expect(fake.orders.map(({ order }) => order)).toEqual([{ _tag: "Cut" }])
      expect(figure(outcome(), "cut")).toBe(8)
      yield* TestClock.adjust("20 seconds")
      fake.attempt(8)
      fake.open(7)
      yield* TestClock.adjust("10 seconds")
      expect(isOver()).toBe(false)
      fake.open(1)
      yield* TestClock.adjust(4900)
      expect(isOver()).toBe(false)
      yield* TestClock.adjust(300)
      expect(isOver()).toBe(true)
      expect(fake.orders).toHaveLength(1)
      expect(outcome().missed).toEqual([])
    })
  )

  it.effect("waits no longer than drop.timeout, and says who did not recover", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { isOver, outcome } = yield* run(fake, "drop", { ...SETTINGS, "drop.timeout": "30 seconds" })
      fake.hold(8)
      fake.onOrder = () => {
        fake.close(8)
        for (let i = 0; i < 8; i++) fake.metrics.scenario.lost()
      }
      yield* TestClock.adjust("39 seconds")
      expect(isOver()).toBe(false)
      fake.metrics.scenario.returned(700, 5)
      fake.metrics.scenario.resumed(true, 3)
      fake.metrics.scenario.returned(900, 5)
      fake.metrics.scenario.resumed(false, 0)
      fake.metrics.scenario.missed(12)
      yield* TestClock.adjust("2 seconds")
      expect(isOver()).toBe(true)
      const found = Object.fromEntries(outcome().figures.map(({ name, value }) => [name, value]))
      expect(outcome().missed).toEqual(["8 of 8 connections did not come back within drop.timeout"])
      expect(found).toMatchObject({ cut: 8, lost: 8, returned: 2, recovered: 1, notRecovered: 7, missed: 12 })
      expect(found.recoveryLast).toBe(900)
      fake.metrics.scenario.missed(null)
      expect(figure(outcome(), "missed")).toBeNull()
      expect(figure(outcome(), "missedUnknown")).toBe(1)
    })
  )
})

describe("drop of nothing", () => {
  const SETTINGS = { "total.clients": 8, "protocol.type": "centrifuge", "drop.delay": "5 seconds" }
  const LIMITED = ["missed", "notRecovered", "recoveryP99"]

  it.effect("is no pass where the cut never came", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { outcome } = yield* run(fake, "drop", SETTINGS)
      fake.hold(8)
      yield* TestClock.adjust("3 seconds")
      expect(outcome().missed).toEqual(["the cut never came"])
      expect(LIMITED.map((name) => figure(outcome(), name))).toEqual([null, null, null])
    })
  )

  it.effect("is no pass where the server had ended all before", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { outcome, isOver } = yield* run(fake, "drop", { ...SETTINGS, "drop.timeout": "10 seconds" })
      fake.hold(8)
      yield* TestClock.adjust("3 seconds")
      fake.close(8)
      fake.metrics.scenario.lost()
      yield* TestClock.adjust("20 seconds")
      expect(isOver()).toBe(true)
      expect(outcome().missed).toEqual(["no connection was open to be cut"])
      expect(LIMITED.map((name) => figure(outcome(), name))).toEqual([null, null, null])
    })
  )

  it.effect("waits for those, too, that were lost before the cut", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { outcome, isOver } = yield* run(fake, "drop", { ...SETTINGS, "drop.timeout": "10 seconds" })
      fake.hold(8)
      fake.onOrder = () => fake.close(5)
      yield* TestClock.adjust("3 seconds")
      fake.close(3)
      yield* TestClock.adjust("3 seconds")
      fake.attempt(5)
      fake.open(5)
      yield* TestClock.adjust("7 seconds")
      expect(isOver()).toBe(false)
      yield* TestClock.adjust("10 seconds")
      expect(outcome().missed).toEqual(["3 of 8 connections did not come back within drop.timeout"])
    })
  )
})

describe("slow-reader", () => {
  it.effect("lets a share stop reading after a quarter of its time, and reads on at the end", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const settings = { "hold.duration": "40 seconds", "slowReader.share": 5 }
      const { isOver, scenario, outcome } = yield* run(fake, "slow-reader", settings)
      fake.hold(100)
      yield* TestClock.adjust("9 seconds")
      expect(fake.orders).toEqual([])
      yield* TestClock.adjust("2 seconds")
      expect(fake.orders.map(({ order }) => order)).toEqual([{ _tag: "StopReading", share: 5 }])
      for (let i = 0; i < 5; i++) fake.metrics.scenario.stoppedReading()
      yield* TestClock.adjust("30 seconds")
      expect(isOver()).toBe(true)
      const settle = yield* Effect.forkChild(scenario.settle, { startImmediately: true })
      expect(fake.orders.at(-1)?.order).toEqual({ _tag: "ReadOn" })
      fake.metrics.scenario.slowHeard()
      yield* TestClock.adjust("1 second")
      fake.metrics.scenario.slowEnded("3008")
      fake.metrics.scenario.slowEnded("1006")
      yield* TestClock.adjust("1 second")
      expect(settle.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(settle)
      const found = Object.fromEntries(outcome().figures.map(({ name, value }) => [name, value]))
      expect(found).toMatchObject({ slow: 5, slowClosed3008: 1, slowEnded: 1, slowOpen: 3, slowMessages: 1 })
    })
  )

  it.effect("that never came so far has nothing to settle", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { scenario } = yield* run(fake, "slow-reader")
      yield* scenario.settle
      expect(fake.orders).toEqual([])
    })
  )

  it.effect("settles for a bounded time, however much comes", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      const { scenario } = yield* run(fake, "slow-reader", { "hold.duration": "4 seconds" })
      fake.hold(10)
      yield* TestClock.adjust("5 seconds")
      fake.metrics.scenario.stoppedReading()
      const settle = yield* Effect.forkChild(scenario.settle, { startImmediately: true })
      for (let second = 0; second < 12; second++) {
        fake.metrics.scenario.slowHeard()
        yield* TestClock.adjust("1 second")
      }
      expect(settle.pollUnsafe()).toBeDefined()
    })
  )
})

describe("find-max", () => {
  const SETTINGS = {
    ...{ "total.clients": 100, "findMax.levels": 4, "findMax.hold": "10 seconds" },
    ...{ "thresholds.errors": 0, "thresholds.p99": 100 }
  }

  /** Ramps that open what they are ordered to, and of a level more than the server takes, fail. */
  const upTo = (most: number) => {
    const fake = new FakeStage()
    fake.onOrder = (order) => {
      if (order._tag !== "Raise") return
      const { attempted, active } = fake.metrics.snapshot(0).connections
      const wanted = (100 * order.level) / order.levels - attempted
      const opened = Math.max(0, Math.min(wanted, most - active))
      fake.attempt(wanted)
      fake.open(opened)
      for (let i = opened; i < wanted; i++) fake.metrics.failed(0, "refused", false)
    }
    fake.phase = "holding"
    return fake
  }

  it.effect("raises the connections level by level and ends at the last one", () =>
    Effect.gen(function* () {
      const fake = upTo(1000)
      const { isOver, outcome, scenario } = yield* run(fake, "find-max", SETTINGS)
      yield* TestClock.adjust("39 seconds")
      expect(isOver()).toBe(false)
      yield* TestClock.adjust("2 seconds")
      expect(isOver()).toBe(true)
      expect(outcome().steps?.map(({ level, held }) => [level, held])).toEqual([
        [25, true],
        [50, true],
        [75, true],
        [100, true]
      ])
      expect(figure(outcome(), "highest")).toBe(100)
      expect(outcome().missed).toEqual([])
      expect(scenario.judges).toBe(true)
      expect(fake.told.at(2)).toEqual({ at: "level 3 of 4: 75 connections" })
      expect(scenario.doubts?.()).toEqual(["No level heard anything: p99 could not be judged."])
    })
  )

  it.effect("ends at the first level that does not hold, says why, and tells the one below", () =>
    Effect.gen(function* () {
      const { isOver, outcome } = yield* run(upTo(60), "find-max", SETTINGS)
      yield* TestClock.adjust("35 seconds")
      expect(isOver()).toBe(true)
      expect(outcome().steps).toHaveLength(3)
      expect(outcome().steps?.[2]).toMatchObject({
        ...{ level: 75, held: false },
        because: "60 of 75 connections are open; errors is 15, limit 0",
        verdicts: [
          { name: "p99", bound: "most", limit: 100, found: null, met: false },
          { name: "errors", bound: "most", limit: 0, found: 15, met: false }
        ]
      })
      expect(figure(outcome(), "highest")).toBe(50)
      expect(outcome().missed).toEqual([])
    })
  )

  it.effect("fails where not even the first level held", () =>
    Effect.gen(function* () {
      const { isOver, outcome } = yield* run(upTo(20), "find-max", SETTINGS)
      yield* TestClock.adjust("11 seconds")
      expect(isOver()).toBe(true)
      expect(figure(outcome(), "highest")).toBeNull()
      expect(outcome().missed).toEqual([
        "the lowest level did not hold: 20 of 25 connections are open; errors is 5, limit 0"
      ])
    })
  )

  it.effect("judges a level by its own latencies, not by those before", () =>
    Effect.gen(function* () {
      const fake = upTo(1000)
      const hear = (stamp: number, latency: number) =>
        fake.metrics.heard(stamp + latency, Buffer.from(String(stamp).padStart(13, "0")), -100)
      // Before the first level; far over the limit.
      hear(1, 5000)
      const { isOver, outcome, scenario } = yield* run(fake, "find-max", SETTINGS)
      yield* TestClock.adjust("5 seconds")
      hear(5000, 50)
      yield* TestClock.adjust("10 seconds")
      hear(15_000, 200)
      yield* TestClock.adjust("20 seconds")
      expect(isOver()).toBe(true)
      expect(scenario.doubts?.()).toEqual([])
      const [first, second] = outcome().steps ?? []
      expect(first?.held).toBe(true)
      expect(first?.figures.find(({ name }) => name === "p99")?.value).toBeCloseTo(50, 0)
      expect(second).toMatchObject({
        held: false,
        because: expect.stringMatching(/^p99 is 200.*, limit 100$/)
      })
    })
  )

  it.effect("of a rate publishes at each level, and breaks where the API does not keep up", () =>
    Effect.gen(function* () {
      const fake = new FakeStage()
      fake.hold(100)
      fake.onRate = (rate) => {
        const published = fake.figures.published + Math.min(rate * 10, 5000)
        fake.figures = { published, failed: 0, skipped: 0 }
      }
      const settings = { ...SETTINGS, "findMax.of": "rate", "findMax.rate": 1000 }
      const { isOver, outcome } = yield* run(fake, "find-max", settings)
      yield* TestClock.adjust("41 seconds")
      expect(isOver()).toBe(true)
      expect(fake.rates.map(({ rate }) => rate)).toEqual([250, 500, 750])
      expect(fake.rates.map(({ at }) => at - fake.rates[0]!.at)).toEqual([0, 10_000, 20_000])
      expect(outcome().steps?.[2]).toMatchObject({ because: "5000 of 7500 publications were taken" })
      expect(figure(outcome(), "highest")).toBe(500)
    })
  )
})
