import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { BrokerUnavailable } from "../../../../../src/services/broker/Broker.ts"
import { makeEmbedded } from "../../../../../src/services/broker/EmbeddedBroker.ts"
import type { DurableHistory } from "../../../../../src/services/history/durable/DurableHistory.ts"
import { HistoryUnavailable } from "../../../../../src/services/history/HistoryStore.ts"
import type { ChannelEvent } from "../../../../../src/services/hot/ChannelEvent.ts"
import { Delivery } from "../../../../../src/services/hot/Publication.ts"
import { CapturedLogs } from "../../../../support/CapturedLogs.ts"
import { startDurable } from "../../../../support/store/histories.ts"
import { WeakStore } from "../../../../support/store/WeakStore.ts"

const stream = { size: 10, ttlMs: 3_600_000, metaTtlMs: 7_200_000, isDurable: true }
const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const start = Effect.gen(function* () {
  const weak = new WeakStore()
  const logs = new CapturedLogs()
  const { durable, told, end } = yield* Effect.provide(startDurable(weak.layer), logs.layer)
  const append = (text: string, options = {}, channel = "news") =>
    durable.append(channel, bytesOf(text), stream, options)
  const read = Effect.map(durable.read("news", { limit: -1 }, stream), ({ offset, epoch, publications }) => ({
    offset,
    epoch,
    texts: publications.map(({ data }) => textOf(data))
  }))
  return { weak, logs, durable, told, end, append, read }
})

const heard = (told: ReadonlyArray<ChannelEvent>) =>
  told.map(({ publication, data }) => [publication.offset, textOf(data)])

describe("a full disk", () => {
  it.effect("refuses publications, and nobody hears of them; reading goes on, and later ones stand", () =>
    Effect.gen(function* () {
      const { weak, logs, told, append, read } = yield* start
      const { epoch } = yield* append("a")
      weak.commits = "fail"
      for (const text of ["b", "c"]) {
        const error = yield* Effect.flip(append(text, { idempotencyKey: text, version: 7 }))
        expect(error).toBeInstanceOf(HistoryUnavailable)
        expect(error.message).toContain("no space left on device")
      }
      expect(yield* read).toEqual({ offset: 1, epoch, texts: ["a"] })
      weak.commits = "work"
      expect(yield* append("b", { idempotencyKey: "b", version: 7 })).toEqual({
        offset: 2,
        epoch,
        isSuppressed: false
      })
      expect(heard(told)).toEqual([
        [1, "a"],
        [2, "b"]
      ])
      expect(yield* read).toEqual({ offset: 2, epoch, texts: ["a", "b"] })
      expect(logs.texts("Warn").join()).toContain(
        "durable history cannot be written: the store cannot be used: no space left"
      )
    })
  )

  it.effect(
    "does not keep anybody from subscribing: what is begun has its epoch until the process ends",
    () =>
      Effect.gen(function* () {
        const { weak, told, append, read } = yield* start
        weak.commits = "fail"
        const begun = yield* read
        expect(begun).toMatchObject({ offset: 0, texts: [] })
        yield* Effect.flip(append("a"))
        expect(yield* read).toEqual(begun)
        weak.commits = "work"
        expect(yield* append("a")).toEqual({ offset: 1, epoch: begun.epoch, isSuppressed: false })
        expect(heard(told)).toEqual([[1, "a"]])
        const { durable } = yield* startDurable(weak.layer)
        expect((yield* durable.read("news", { limit: 0 }, stream)).epoch).toBe(begun.epoch)
      })
  )

  it.effect("is BrokerUnavailable to those who ask the broker, and their delivery is not touched", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const delivery = new Delivery()
      const { broker } = yield* Effect.provide(
        makeEmbedded((event) => event.delivery.expect(1)),
        weak.layer
      )
      weak.commits = "fail"
      const asked = [
        broker.publish("news", bytesOf("a"), { stream, delivery }),
        Effect.andThen(broker.history("news", { limit: 0 }, stream), broker.removeHistory("news"))
      ]
      for (const each of asked) {
        expect(yield* Effect.flip(each as Effect.Effect<unknown, BrokerUnavailable>)).toBeInstanceOf(
          BrokerUnavailable
        )
      }
      expect(delivery.isComplete).toBe(true)
      // Channels without durable history do not notice.
      yield* broker.publish("other", bytesOf("a"), { stream: { ...stream, isDurable: false } })
    })
  )
})

describe("a commit that was written although it failed", () => {
  it.effect(
    "is found: its offset is not used again, its key is known, and what follows goes on behind it",
    () =>
      Effect.gen(function* () {
        const { weak, told, append, read } = yield* start
        const { epoch } = yield* append("a")
        weak.commits = "lie"
        yield* Effect.flip(append("b", { idempotencyKey: "k" }))
        weak.commits = "work"
        expect(yield* append("b", { idempotencyKey: "k" })).toEqual({ offset: 2, epoch, isSuppressed: true })
        expect(yield* append("c")).toEqual({ offset: 3, epoch, isSuppressed: false })
        expect(yield* read).toEqual({ offset: 3, epoch, texts: ["a", "b", "c"] })
        // Who was subscribed sees the gap.
        expect(heard(told)).toEqual([
          [1, "a"],
          [3, "c"]
        ])
      })
  )

  it.effect("as the first one of a stream: readers are told of its epoch", () =>
    Effect.gen(function* () {
      const { weak, append, read } = yield* start
      weak.commits = "lie"
      yield* Effect.flip(append("a"))
      const { epoch, texts } = yield* read
      expect(texts).toEqual(["a"])
      weak.commits = "work"
      expect(yield* append("b")).toEqual({ offset: 2, epoch, isSuppressed: false })
    })
  )
})

describe("a store that cannot be read", () => {
  it.effect("is an answer; what is in memory is read all the same", () =>
    Effect.gen(function* () {
      const { weak, durable, append, read } = yield* start
      yield* append("a")
      weak.areReadsBroken = true
      expect((yield* read).texts).toEqual(["a"])
      const other = durable.read("other", { limit: 0 }, stream)
      expect((yield* Effect.flip(other)).message).toContain("input/output error")
      expect(yield* Effect.flip(append("a", {}, "other"))).toBeInstanceOf(HistoryUnavailable)
      expect(yield* Effect.flip(durable.sweep)).toBeInstanceOf(HistoryUnavailable)
      weak.areReadsBroken = false
      expect((yield* other).offset).toBe(0)
      yield* append("b")
      expect((yield* read).texts).toEqual(["a", "b"])
    })
  )
})

describe("many publications", () => {
  /** Appends of which so many are asked for at once, and the moment when they wait. */
  const many = (durable: DurableHistory, count: number) =>
    Effect.forEach(
      Array.from({ length: count }, (_, at) => at),
      (at) =>
        Effect.forkChild(Effect.result(durable.append("news", bytesOf(String(at)), stream, {})), {
          startImmediately: true
        })
    )

  it.effect("share commits, and are told when theirs stands, in their order", () =>
    Effect.gen(function* () {
      const { weak, durable, told } = yield* start
      weak.gate.closeUnsafe()
      const fibers = yield* many(durable, 100)
      while (durable.writer.waiting > 0) yield* Effect.yieldNow
      const later = yield* many(durable, 100)
      for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
      expect(told).toEqual([])
      expect([...fibers, ...later].every((fiber) => fiber.pollUnsafe() === undefined)).toBe(true)
      weak.gate.openUnsafe()
      while (told.length < 200) yield* Effect.yieldNow
      expect(told.map(({ publication }) => publication.offset)).toEqual(
        Array.from({ length: 200 }, (_, at) => at + 1)
      )
      expect(weak.committed.length).toBe(2)
    })
  )

  it.effect("beyond what may wait are refused, and those before them stand", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const bounds = { waiting: { operations: 10, bytes: 2 ** 20 } }
      const { durable, told } = yield* startDurable(weak.layer, bounds)
      weak.gate.closeUnsafe()
      const fibers = yield* many(durable, 15)
      const refused = fibers.filter((fiber) => fiber.pollUnsafe() !== undefined)
      expect(refused.length).toBe(5)
      const large = durable.append("news", new Uint8Array(2 ** 20), stream, {})
      expect((yield* Effect.flip(large)).message).toContain("wait for the store already")
      weak.gate.openUnsafe()
      while (told.length < 10) yield* Effect.yieldNow
      yield* large
      expect(told.length).toBe(11)
    })
  )

  it.effect("that wait when the service ends are written; later ones are refused", () =>
    Effect.gen(function* () {
      const { weak, durable, told, end, append } = yield* start
      yield* many(durable, 1000)
      yield* end
      expect(told.length).toBe(1000)
      expect((yield* Effect.flip(append("late"))).message).toContain("the service ends")
      const { durable: next } = yield* startDurable(weak.layer)
      expect((yield* next.read("news", { limit: 0 }, stream)).offset).toBe(1000)
    })
  )

  it.effect("and an event behind them keep their order", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const events: Array<string> = []
      const deliver = ({ kind, data }: ChannelEvent) => void events.push(`${kind} ${textOf(data)}`)
      const { broker } = yield* Effect.provide(makeEmbedded(deliver), weak.layer)
      const publishing = yield* Effect.forkChild(broker.publish("news", bytesOf("a"), { stream }), {
        startImmediately: true
      })
      yield* broker.announce("leave", "news", { user: "42" })
      yield* broker.announce("join", "other", { user: "42" })
      expect(events).toEqual(["join "])
      while (publishing.pollUnsafe() === undefined) yield* Effect.yieldNow
      expect(events).toEqual(["join ", "publication a", "leave "])
      yield* broker.announce("join", "news", { user: "42" })
      expect(events.at(-1)).toBe("join ")
      // It is told all the same where the publication before it fails.
      weak.commits = "fail"
      const failing = yield* Effect.forkChild(Effect.exit(broker.publish("news", bytesOf("b"), { stream })), {
        startImmediately: true
      })
      yield* broker.publish("news", bytesOf("now"), { stream: undefined })
      while (failing.pollUnsafe() === undefined) yield* Effect.yieldNow
      expect(events.slice(4)).toEqual(["publication now"])
    })
  )
})
