import { availableParallelism } from "node:os"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { makeProcessCrew } from "../../../../src/actors/processCrew.ts"
import { LatencyHistogram } from "../../../../src/client/metrics/LatencyHistogram.ts"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { seriesReport } from "../../../../src/client/report/seriesReport.ts"
import { ActorTree } from "../../../../src/services/ActorTree.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { FakeRampProcess } from "../../../support/client/FakeRampProcess.ts"
import { clientConfig, socketsTurn, targetAt } from "../../../support/client/ramps.ts"

/** Stamps are 13 digits; the test's clock begins at 0. */
const STAMP = 1_000_000_000_000
const payload = Buffer.from(String(STAMP))

/** A crew of so many fakes, each prepared by the test before it is asked. */
const crewOf = Effect.fnUntraced(function* (
  count: number,
  prepare: (fake: FakeRampProcess) => void = () => {}
) {
  const fakes: Array<FakeRampProcess> = []
  const shares = [{ localAddress: "127.0.1.1", clients: 10, batchSize: 5 }]
  const crew = yield* makeProcessCrew({
    config: clientConfig({ "total.clients": 10 * count }),
    target: targetAt(1),
    plan: Array.from({ length: count }, () => shares),
    fork: (name) => {
      const fake = new FakeRampProcess(name)
      fakes.push(fake)
      prepare(fake)
      return fake.asChild
    }
  })
  yield* socketsTurn
  return { crew, fakes }
})

const withTree = () => {
  const logs = new CapturedLogs()
  return { logs, layer: Layer.merge(ActorTree.layer, logs.layer) }
}

/** Connections of a process, all open for long, and the latencies that it heard. */
const measured = (connections: number, latencies: ReadonlyArray<number>): RunMetrics => {
  const metrics = new RunMetrics(0)
  for (let i = 0; i < connections; i++) {
    metrics.attempted(1)
    metrics.opened(2, 1)
  }
  for (const latency of latencies) metrics.heard(STAMP + latency, payload, 2)
  return metrics
}

describe("the processes of a crew", () => {
  it.effect("are started a few at a time, and begin together when the last one is ready", () =>
    Effect.gen(function* () {
      const atOnce = 2 * availableParallelism()
      const { crew, fakes } = yield* crewOf(atOnce + 2, (fake) => fake.deafTo.add("Prepare"))
      expect(fakes).toHaveLength(atOnce)
      fakes[0]!.tell({ _tag: "Ready" })
      yield* socketsTurn
      expect(fakes).toHaveLength(atOnce + 1)
      for (const fake of fakes.slice(1)) fake.tell({ _tag: "Ready" })
      yield* socketsTurn
      expect(fakes.map((fake) => fake.count("Begin"))).toEqual(fakes.map(() => 0))
      expect(crew.startedAt()).toBeUndefined()
      yield* TestClock.adjust(700)
      fakes.at(-1)!.tell({ _tag: "Ready" })
      yield* crew.begun
      yield* socketsTurn
      expect(crew.startedAt()).toBe(700)
      for (const fake of fakes) expect(fake.heard.at(-1)).toEqual({ _tag: "Begin", startedAt: 700 })
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("stand in the tree with their ramps below them", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(2)
      fakes[1]!.metrics = measured(4, [])
      yield* crew.look
      const [root] = yield* (yield* ActorTree).snapshot
      const [, second] = root!.children
      expect(second).toMatchObject({ address: "client/process-1", state: "serving", connections: 4 })
      expect(second!.children).toMatchObject([{ name: "ramp-127.0.1.1", state: "serving", connections: 4 }])
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("that cannot go on say why, and are started again", () => {
    const { logs, layer } = withTree()
    return Effect.gen(function* () {
      const { fakes } = yield* crewOf(1)
      fakes[0]!.tell({ _tag: "Failed", message: "a bug" })
      yield* socketsTurn
      expect(logs.texts("Warn")).toEqual(["client/process-0 crashed: a bug; restart in 1000 ms"])
      yield* TestClock.adjust(1000)
      yield* socketsTurn
      expect(fakes).toHaveLength(2)
      expect(fakes[1]!.heard.map(({ _tag }) => _tag)).toEqual(["Prepare", "Begin"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("log through their client, each line with the name of its process", () => {
    const { logs, layer } = withTree()
    return Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(1)
      const glance = fakes[0]!.glance()
      fakes[0]!.deafTo.add("AskGlance")
      fakes[0]!.tell({
        _tag: "Glance",
        glance: {
          ...glance,
          news: {
            ended: [["1001", 3]],
            latestEnd: "1001",
            log: [{ level: "Warn", text: "a warning" }]
          }
        }
      })
      yield* socketsTurn
      expect(logs.lines.at(-1)).toMatchObject({
        ...{ level: "Warn", text: "a warning", annotations: { process: "process-0" } }
      })
      expect([crew.ended.latest, crew.ended.flush()]).toEqual(["1001", ["closed because of 1001 (3 times)"]])
    }).pipe(Effect.provide(layer))
  })
})

describe("the figures of a crew", () => {
  it.effect("are sums; percentiles are those of all latencies together", () =>
    Effect.gen(function* () {
      const latencies = [
        [1, 2, 3, 4, 90],
        [5, 6, 7]
      ]
      const { crew, fakes } = yield* crewOf(2)
      for (const [i, fake] of fakes.entries()) {
        fake.metrics = measured(latencies[i]!.length, latencies[i]!)
        fake.cpu = 0.25 * (i + 1)
      }
      const all = new LatencyHistogram()
      for (const latency of latencies.flat()) all.record(latency)
      const { snapshot, client, doubts } = yield* crew.snapshot
      if ("kind" in snapshot) throw new Error(snapshot.message)
      expect(snapshot.latency).toEqual(all.snapshot())
      expect(snapshot.connections).toMatchObject({ attempted: 8, opened: 8, active: 8 })
      expect(client).toEqual({
        ...{ processes: 2, rampRestarts: 0, cpu: 0.5, loopDelayMs: { p50: 0.5, p99: 1, max: 1.5 } }
      })
      expect(doubts).toEqual([])
      expect(yield* crew.look).toEqual({
        ...{ active: 8, opened: 8, errors: 0, errorsByKind: {}, messages: 8, missing: 0, opening: 0 },
        latencyMs: all.percentiles()
      })
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("over time are told once: each process tells what is new, and what it told before stays", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(2)
      const seriesNow = Effect.map(crew.snapshot, ({ snapshot }) => {
        if ("kind" in snapshot) throw new Error(snapshot.message)
        return seriesReport(snapshot.series, 0)
      })
      for (const second of [1, 3, 4]) {
        for (const fake of fakes) {
          fake.metrics.opened(second * 1000 + 100, 1)
          fake.now = second * 1000 + 500
        }
        const { opened, active } = yield* seriesNow
        expect([opened.at(-1), active.at(-1)]).toEqual([2, second === 1 ? 2 : second === 3 ? 4 : 6])
      }
      expect((yield* seriesNow).opened).toEqual([0, 2, 0, 2, 2])
      const asked = fakes[0]!.heard.flatMap((m) => (m._tag === "AskSnapshot" ? [m.seriesFromMs] : []))
      expect(asked).toEqual([0, 1000, 3000, 4000])
      fakes[0]!.end(1, null)
      yield* socketsTurn
      const { active, closed } = yield* seriesNow
      expect([active.at(-1), closed.reduce((sum, count) => sum + count)]).toEqual([3, 3])
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("show percentiles a while after something was heard, without a report", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(1)
      fakes[0]!.metrics = measured(2, [5, 5])
      expect((yield* crew.look).latencyMs.p50).toBeNull()
      yield* socketsTurn
      expect((yield* crew.look).latencyMs.p50).toBe(5)
      yield* TestClock.adjust("5 seconds")
      yield* crew.look
      yield* crew.look
      // Nothing was heard since.
      expect(fakes[0]!.count("AskSnapshot")).toBe(1)
      fakes[0]!.metrics.heard(STAMP + 7, payload, 2)
      yield* crew.look
      expect(fakes[0]!.count("AskSnapshot")).toBe(2)
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("wait for the copies of a process that has not heard of the latest broadcast, and tell it", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(2)
      fakes[0]!.metrics = measured(2, [1, 1])
      fakes[1]!.metrics = measured(3, [])
      expect((yield* crew.look).missing).toBe(3)
      yield* crew.look
      expect(fakes[1]!.heard.at(-1)).toEqual({ _tag: "AskGlance", broadcast: STAMP })
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("are of after the question, also where another question is under way", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(1)
      fakes[0]!.deafTo.add("AskGlance")
      const before = yield* Effect.forkChild(crew.look, { startImmediately: true })
      const after = yield* Effect.forkChild(crew.look, { startImmediately: true })
      yield* socketsTurn
      expect([fakes[0]!.count("AskGlance"), after.pollUnsafe()]).toEqual([1, undefined])
      fakes[0]!.metrics = measured(2, [])
      fakes[0]!.tell({ _tag: "Glance", glance: fakes[0]!.glance() })
      expect(yield* Fiber.join(before)).toMatchObject({ active: 2 })
      yield* socketsTurn
      expect([fakes[0]!.count("AskGlance"), after.pollUnsafe()]).toEqual([2, undefined])
      fakes[0]!.metrics = measured(5, [])
      fakes[0]!.tell({ _tag: "Glance", glance: fakes[0]!.glance() })
      expect(yield* Fiber.join(after)).toMatchObject({ active: 5 })
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect("of one that is silent are its last ones, and a sentence says so; it is asked once", () =>
    Effect.gen(function* () {
      const { crew, fakes } = yield* crewOf(2)
      for (const fake of fakes) fake.metrics = measured(2, [1])
      yield* crew.look
      fakes[1]!.deafTo.add("AskGlance").add("AskSnapshot")
      const before = fakes[1]!.count("AskGlance")
      for (let i = 0; i < 3; i++) {
        const looking = yield* Effect.forkChild(crew.look, { startImmediately: true })
        yield* socketsTurn
        expect(looking.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust("1 second")
        yield* socketsTurn
        expect(looking.pollUnsafe()).toBeDefined()
      }
      expect(fakes[1]!.count("AskGlance")).toBe(before + 1)
      const asking = yield* Effect.forkChild(crew.snapshot, { startImmediately: true })
      yield* socketsTurn
      yield* TestClock.adjust("5 seconds")
      yield* socketsTurn
      const exit = asking.pollUnsafe()
      if (exit?._tag !== "Success") throw new Error("not answered")
      const { snapshot, doubts, takenAt } = exit.value
      expect(snapshot).toMatchObject({ connections: { active: 4 }, messageRates: { count: 2 } })
      // The others answered at once: waiting for the silent one is no part of what was measured.
      expect(takenAt).toBe(3000)
      if ("kind" in snapshot) throw new Error(snapshot.message)
      const { opened, messages } = seriesReport(snapshot.series, takenAt)
      expect([opened, messages].map((counts) => counts.reduce((sum, count) => sum + count))).toEqual([4, 2])
      expect(doubts).toEqual([
        expect.stringMatching(
          /^process-1 of the client did not answer within 5 s: its figures are 8\.\d s old\.$/
        )
      ])
    }).pipe(Effect.provide(withTree().layer))
  )

  it.effect(
    "keep what a dead process had counted: its connections are closed with 1006, and the next life adds to it",
    () => {
      const { layer } = withTree()
      return Effect.gen(function* () {
        const { crew, fakes } = yield* crewOf(1, (fake) => {
          fake.metrics = measured(3, [1, 2, 3])
        })
        yield* crew.snapshot
        fakes[0]!.end(null, "SIGKILL")
        yield* socketsTurn
        expect(crew.glance()).toMatchObject({ active: 0, opened: 3, messages: 3, missing: 0 })
        expect(crew.ended.flush()).toEqual(["closed because of 1006 (3 times)"])
        yield* TestClock.adjust(1000)
        yield* socketsTurn
        const { snapshot, client } = yield* crew.snapshot
        expect(snapshot).toMatchObject({
          connections: { attempted: 6, opened: 6, active: 3, closed: 3, closedByCode: { 1006: 3 } },
          latency: { sum: 12 },
          messageRates: { count: 6 }
        })
        expect(client.rampRestarts).toBe(1)
      }).pipe(Effect.provide(layer))
    }
  )
})
