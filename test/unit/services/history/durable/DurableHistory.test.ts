import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import type {
  DurableBounds,
  DurableHistory
} from "../../../../../src/services/history/durable/DurableHistory.ts"
import { DUE, ENTRIES, KEYS, STREAMS } from "../../../../../src/services/history/durable/records.ts"
import { startDurable } from "../../../../support/store/histories.ts"
import { WeakStore } from "../../../../support/store/WeakStore.ts"

const MINUTE = 60_000
const stream = { size: 10, ttlMs: 10 * MINUTE, metaTtlMs: 60 * MINUTE, isDurable: true }
const data = new Uint8Array(100)

const start = Effect.fnUntraced(function* (
  weak: WeakStore = new WeakStore(),
  bounds: Partial<DurableBounds> = {}
) {
  const started = yield* startDurable(weak.layer, bounds)
  const counts = () => [STREAMS, ENTRIES, KEYS, DUE].map((table) => weak.store.count(table))
  return { ...started, weak, counts }
})

const appendMany = (durable: DurableHistory, count: number, channel = "news", options = stream) =>
  Effect.forEach(
    Array.from({ length: count }),
    (_, at) => durable.append(channel, data, options, { idempotencyKey: `k${at}` }),
    { concurrency: "unbounded", discard: true }
  )
const offsets = (durable: DurableHistory, channel = "news", options = stream) =>
  Effect.map(durable.read(channel, { limit: -1 }, options), ({ publications }) =>
    publications.map(({ offset }) => offset)
  )

describe("what is over goes from the store", () => {
  it.effect("entries, keys, then the stream: nothing is left", () =>
    Effect.gen(function* () {
      const { durable, counts, pass } = yield* start()
      yield* appendMany(durable, 10)
      expect(counts()).toEqual([1, 10, 10, 11])
      yield* pass(6 * MINUTE)
      // The keys of what still stands are known.
      expect(counts()).toEqual([1, 10, 10, 11])
      yield* pass(5 * MINUTE)
      expect(counts().slice(0, 2)).toEqual([1, 0])
      yield* pass(2 * MINUTE)
      expect(counts()).toEqual([1, 0, 0, 1])
      yield* pass(60 * MINUTE)
      expect(counts()).toEqual([0, 0, 0, 0])
    })
  )

  it.effect("keys not before five minutes, whatever becomes of the entries and the stream", () =>
    Effect.gen(function* () {
      const short = { size: 1, ttlMs: 1000, metaTtlMs: 2000, isDurable: true }
      const { durable, weak, counts, pass, end } = yield* start()
      const again = (history: DurableHistory, channel: string, options = short) =>
        Effect.map(
          history.append(channel, data, options, { idempotencyKey: "k" }),
          ({ isSuppressed }) => isSuppressed
        )
      expect(yield* again(durable, "over")).toBe(false)
      expect(yield* again(durable, "evicted", { ...stream, size: 1 })).toBe(false)
      expect(yield* again(durable, "cleared", stream)).toBe(false)
      yield* durable.append("evicted", data, { ...stream, size: 1 }, {})
      yield* durable.clear("cleared")
      yield* pass(4 * MINUTE)
      // Of "over" there is the key only.
      const [streams, , keys] = counts()
      expect([streams, keys]).toEqual([2, 3])
      yield* end
      const second = yield* start(weak)
      yield* second.pass(MINUTE - 1)
      for (const channel of ["over", "evicted", "cleared"])
        expect([channel, yield* again(second.durable, channel)]).toEqual([channel, true])
      yield* second.pass(1)
      for (const channel of ["over", "evicted", "cleared"])
        expect([channel, yield* again(second.durable, channel)]).toEqual([channel, false])
    })
  )

  it.effect("also where the process that wrote it has ended", () =>
    Effect.gen(function* () {
      const { durable, weak, end } = yield* start()
      yield* appendMany(durable, 10)
      yield* appendMany(durable, 10, "other")
      yield* durable.clear("other")
      yield* end
      yield* TestClock.adjust(61 * MINUTE)
      const { counts, pass } = yield* start(weak)
      yield* pass(2 * MINUTE)
      yield* pass(2 * MINUTE)
      expect(counts()).toEqual([0, 0, 0, 0])
    })
  )

  it.effect("in bounded steps, and while the stream is in use", () =>
    Effect.gen(function* () {
      const { durable, weak, counts, pass } = yield* start()
      const long = { ...stream, size: 5000 }
      yield* appendMany(durable, 5000, "news", long)
      yield* durable.clear("news")
      expect(yield* offsets(durable)).toEqual([])
      weak.committed.length = 0
      yield* durable.append("news", data, long, {})
      yield* pass(2 * MINUTE)
      expect(Math.max(...weak.committed.map((writes) => writes.length))).toBeLessThanOrEqual(1010)
      expect(counts().slice(0, 2)).toEqual([1, 1])
      expect(yield* offsets(durable)).toEqual([5001])
    })
  )

  it.effect("as the window moves on: the store has little more than what is kept", () =>
    Effect.gen(function* () {
      const { durable, counts } = yield* start()
      for (let turn = 0; turn < 100; turn++) yield* durable.append("news", data, stream, {})
      expect(counts()[1]).toBeLessThanOrEqual(11)
      expect(yield* offsets(durable)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100])
      yield* durable.append("news", data, { ...stream, size: 2 }, {})
      yield* durable.append("news", data, { ...stream, size: 2 }, {})
      expect(yield* offsets(durable)).toEqual([101, 102])
    })
  )

  it.effect("while it is begun anew, whatever comes first in a commit", () =>
    Effect.gen(function* () {
      const before = yield* start()
      const channels = Array.from({ length: 40 }, (_, at) => `c${at}`)
      for (const channel of channels) yield* appendMany(before.durable, 10, channel)
      yield* before.end
      yield* TestClock.adjust(70 * MINUTE)
      const { durable } = yield* start(before.weak)
      const publishing = Effect.forEach(channels, (channel) =>
        Effect.forEach([1, 2, 3], () => durable.append(channel, data, stream, {}))
      )
      yield* Effect.all([durable.sweep, publishing, durable.sweep], { concurrency: "unbounded" })
      for (const channel of channels) expect(yield* offsets(durable, channel)).toEqual([1, 2, 3])
    })
  )

  it.effect("before it is begun anew: none of the old entries comes back, and none stays", () =>
    Effect.gen(function* () {
      const before = yield* start()
      yield* appendMany(before.durable, 10)
      const { epoch } = yield* before.durable.read("news", { limit: 0 }, stream)
      yield* before.end
      yield* TestClock.adjust(61 * MINUTE)
      // It is over, and the sweep did not come before it is used again.
      const { durable, weak, end } = yield* start(before.weak)
      const anew = yield* durable.append("news", data, stream, {})
      expect(anew.offset).toBe(1)
      expect(anew.epoch).not.toBe(epoch)
      expect(yield* offsets(durable)).toEqual([1])
      yield* end
      const next = yield* start(weak)
      expect(yield* offsets(next.durable)).toEqual([1])
      yield* next.pass(0)
      expect(yield* offsets(next.durable)).toEqual([1])
      yield* next.pass(61 * MINUTE)
      yield* next.pass(61 * MINUTE)
      expect(next.counts()).toEqual([0, 0, 0, 0])
    })
  )
})

describe("memory", () => {
  it.effect("holds what is in use, and lets go of it some minutes later", () =>
    Effect.gen(function* () {
      const { durable, pass } = yield* start()
      for (let channel = 0; channel < 50; channel++) yield* appendMany(durable, 10, `c${channel}`)
      expect([durable.streams.size, durable.streams.entries]).toEqual([50, 500])
      yield* pass(4 * MINUTE)
      yield* offsets(durable, "c7")
      yield* pass(4 * MINUTE)
      expect([durable.streams.size, durable.streams.entries]).toEqual([1, 10])
      expect(yield* offsets(durable, "c8")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      yield* pass(20 * MINUTE)
      yield* pass(MINUTE)
      expect([durable.streams.size, durable.streams.entries, durable.streams.bytes]).toEqual([0, 0, 0])
    })
  )

  it.effect("has bounds, beyond which the store is asked", () =>
    Effect.gen(function* () {
      const { durable } = yield* start(new WeakStore(), { streams: 20, bytes: 40 * 500 })
      for (let channel = 0; channel < 50; channel++) {
        yield* appendMany(durable, 10, `c${channel}`)
        expect(durable.streams.size).toBeLessThanOrEqual(21)
        expect(durable.streams.bytes).toBeLessThanOrEqual(40 * 500)
      }
      for (let channel = 0; channel < 50; channel++) {
        expect(yield* offsets(durable, `c${channel}`)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        expect(durable.streams.bytes).toBeLessThanOrEqual(40 * 500)
      }
      // One that is larger than all of it.
      const long = { ...stream, size: 1000 }
      yield* appendMany(durable, 100, "long", long)
      expect((yield* offsets(durable, "long", long)).length).toBe(100)
      expect(durable.streams.bytes).toBeLessThanOrEqual(40 * 500)
    })
  )

  it.effect("has what was read for the next reading: the same publications", () =>
    Effect.gen(function* () {
      const { durable, weak, end } = yield* start()
      yield* appendMany(durable, 10)
      yield* end
      const { durable: next } = yield* start(weak)
      const read = Effect.map(
        next.read("news", { limit: 100, since: { offset: 4, epoch: "" } }, stream),
        ({ publications }) => publications
      )
      const first = yield* read
      expect(first.map(({ offset }) => offset)).toEqual([5, 6, 7, 8, 9, 10])
      weak.areReadsBroken = true
      const again = yield* read
      expect(again.every((publication, at) => publication === first[at])).toBe(true)
    })
  )

  it.effect("that lets go of a stream which was only read has written that it is in use", () =>
    Effect.gen(function* () {
      const { durable, weak, pass, end } = yield* start()
      const { epoch } = yield* durable.append("news", data, stream, {})
      yield* TestClock.adjust(40 * MINUTE)
      yield* durable.read("news", { limit: 0 }, stream)
      yield* pass(6 * MINUTE)
      yield* pass(MINUTE)
      expect(durable.streams.size).toBe(0)
      yield* end
      yield* TestClock.adjust(45 * MINUTE)
      const { durable: next } = yield* start(weak)
      expect((yield* next.read("news", { limit: 0 }, stream)).epoch).toBe(epoch)
    })
  )
})

describe("a reading", () => {
  it.effect("prolongs the life of its stream, also if the process dies soon after it", () =>
    Effect.gen(function* () {
      const { durable, weak, end } = yield* start()
      const { epoch } = yield* durable.append("news", data, stream, {})
      const commits = weak.committed.length
      yield* TestClock.adjust(14 * MINUTE)
      yield* durable.read("news", { limit: 0 }, stream)
      yield* TestClock.adjust(2 * MINUTE)
      for (let reading = 0; reading < 10; reading++) yield* durable.read("news", { limit: 0 }, stream)
      while (!durable.writer.isIdle) yield* Effect.yieldNow
      // Looks of the sweep aside, it was written once.
      const touches = weak.committed.slice(commits).filter((writes) => writes.length === 1)
      expect(touches.length).toBe(1)
      yield* end
      yield* TestClock.adjust(50 * MINUTE)
      const { durable: next } = yield* start(weak)
      expect((yield* next.read("news", { limit: 0 }, stream)).epoch).toBe(epoch)
    })
  )

  it.effect("is of one moment, while entries come, go and are removed from the store", () =>
    Effect.gen(function* () {
      // Nothing stays in memory: every reading is from the store.
      const { durable, weak } = yield* start(new WeakStore(), { bytes: 0 })
      weak.isSlow = true
      const options = { ...stream, size: 600 }
      const publishing = Effect.forEach(
        Array.from({ length: 3000 }),
        () => durable.append("busy", data, options, {}),
        { concurrency: 7, discard: true }
      )
      const reading = Effect.gen(function* () {
        let top = 0
        let count = 0
        while (top < 3000) {
          const { offset, publications } = yield* durable.read("busy", { limit: -1 }, options)
          top = offset
          count++
          expect(publications.length).toBe(Math.min(top, 600))
          if (top > 0)
            expect([publications[0]!.offset, publications.at(-1)!.offset]).toEqual([
              Math.max(1, top - 599),
              top
            ])
          yield* Effect.yieldNow
        }
        return count
      })
      const [, count] = yield* Effect.all([publishing, reading], { concurrency: "unbounded" })
      expect(count).toBeGreaterThan(10)
    })
  )
})
