import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { Broker } from "../../../../src/services/broker/Broker.ts"
import {
  layerMemory,
  type MemoryBounds,
  MemoryBroker,
  makeMemory,
  memoryBounds
} from "../../../../src/services/broker/MemoryBroker.ts"
import { ENTRY_BYTES } from "../../../../src/services/broker/Stream.ts"
import type { ChannelEvent } from "../../../../src/services/hot/ChannelEvent.ts"
import { Delivery } from "../../../../src/services/hot/Publication.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"

const stream = { size: 10, ttlMs: 1000, metaTtlMs: 5000 }
const data = new Uint8Array(100)

/** A broker whose time is set by hand. */
const at = (bounds: Partial<MemoryBounds> = {}) => {
  const events: Array<ChannelEvent> = []
  const clock = { now: 1_000_000 }
  const broker = new MemoryBroker(
    (event) => events.push(event),
    () => clock.now,
    { ...memoryBounds, ...bounds }
  )
  return { broker, clock, events }
}
const offsets = (broker: MemoryBroker, channel = "news") =>
  broker.history(channel, { limit: -1 }, stream).publications.map(({ offset }) => offset)

describe("a publication", () => {
  it("is delivered before publish returns, the same that stands in the history", () => {
    const { broker, events } = at()
    broker.publish("news", data, { stream })
    expect(events.length).toBe(1)
    expect(broker.history("news", { limit: 1 }, stream).publications[0]).toBe(events[0]!.publication)
  })

  it("has the delivery that it came with; a suppressed one leaves it alone", () => {
    const { broker, events } = at()
    const delivery = new Delivery()
    const own = { idempotencyKey: "k", version: 1, delivery }
    broker.publish("news", data, { stream, ...own })
    broker.publish("now", data, { stream: undefined, ...own })
    expect(events.map((event) => event.delivery === delivery)).toEqual([true, true])
    const untouched = new Delivery()
    expect(broker.publish("news", data, { stream, ...own, delivery: untouched }).isSuppressed).toBe(true)
    expect(broker.publish("news", data, { stream, version: 1, delivery: untouched }).isSuppressed).toBe(true)
    broker.publish("news", data, { stream })
    expect(events.length).toBe(3)
    expect(events[2]!.delivery).not.toBe(delivery)
  })

  it("carries the time in whole milliseconds", () => {
    const { broker, clock, events } = at()
    clock.now = 1234.75
    broker.publish("news", data, { stream })
    broker.announce("join", "news", { user: "42" })
    expect(events.map(({ publication }) => publication.time)).toEqual([1234, 1234])
  })

  it("keeps its own bytes only, not those of the request that it came with", () => {
    const { broker, events } = at()
    const request = new Uint8Array(10_000).map((_, index) => index)
    for (const part of [request, request.subarray(0, 6000), request.subarray(1000, 1100)])
      broker.publish("news", part, { stream })
    const kept = broker.history("news", { limit: -1 }, stream).publications
    expect(kept.map((publication) => publication.data.buffer === request.buffer)).toEqual([true, true, false])
    expect(kept[2]!.data.buffer.byteLength).toBe(100)
    expect(kept[2]!.data).toEqual(request.subarray(1000, 1100))
    broker.publish("now", request.subarray(1000, 1100), { stream: undefined })
    expect(events.at(-1)!.data.buffer).toBe(request.buffer)
  })
})

describe("times are exact, whether the sweep came or not", () => {
  it("entries end after their time", () => {
    const { broker, clock } = at()
    broker.publish("news", data, { stream })
    clock.now += stream.ttlMs - 1
    expect(offsets(broker)).toEqual([1])
    clock.now += 1
    expect(offsets(broker)).toEqual([])
    expect([broker.entries, broker.historyBytes, broker.streams]).toEqual([0, 0, 1])
  })

  it("a stream ends after its time", () => {
    const { broker, clock } = at()
    const { epoch } = broker.publish("news", data, { stream })
    clock.now += stream.metaTtlMs - 1
    const read = broker.history("news", { limit: 0 }, stream)
    expect(read).toMatchObject({ offset: 1, epoch })
    clock.now += stream.metaTtlMs
    expect(broker.history("news", { limit: 0 }, stream)).toMatchObject({ offset: 0 })
    expect(broker.history("news", { limit: 0 }, stream).epoch).not.toBe(epoch)
  })

  it("of what is over, nothing can be removed", () => {
    const { broker, clock } = at()
    broker.publish("news", data, { stream })
    clock.now += stream.metaTtlMs
    broker.removeHistory("news")
    expect(broker.streams).toBe(0)
  })
})

describe("the sweep", () => {
  it("frees entries, then streams, a bounded number at a time", () => {
    const { broker, clock } = at()
    for (let channel = 0; channel < 25; channel++) broker.publish(`c${channel}`, data, { stream })
    clock.now += stream.ttlMs
    expect(broker.sweep(10)).toBe(false)
    expect([broker.entries, broker.streams]).toEqual([15, 25])
    expect(broker.sweep(10)).toBe(false)
    expect(broker.sweep(10)).toBe(true)
    expect([broker.entries, broker.historyBytes, broker.streams]).toEqual([0, 0, 25])
    clock.now += stream.metaTtlMs
    while (!broker.sweep(10));
    expect(broker.streams).toBe(0)
  })

  it("leaves what is in use, and goes on while streams come and go", () => {
    const { broker, clock } = at()
    for (let channel = 0; channel < 20; channel++) broker.publish(`c${channel}`, data, { stream })
    clock.now += stream.metaTtlMs - 1
    for (let channel = 0; channel < 20; channel += 2) broker.publish(`c${channel}`, data, { stream })
    clock.now += 1
    broker.sweep(5)
    for (let channel = 20; channel < 25; channel++) broker.publish(`c${channel}`, data, { stream })
    while (!broker.sweep(5));
    expect([broker.streams, broker.entries]).toEqual([15, 15])
    // Its first publication was over when the second came.
    expect(offsets(broker, "c0")).toEqual([2])
  })

  it.effect("runs every minute, and all of it when there is much", () =>
    Effect.gen(function* () {
      const { broker, figures } = yield* makeMemory(() => {})
      for (let channel = 0; channel < 5000; channel++) {
        yield* broker.publish(`c${channel}`, data, { stream, idempotencyKey: "k" })
      }
      expect(figures).toMatchObject({ streams: 5000, entries: 5000, idempotencyKeys: 5000 })
      yield* TestClock.adjust("1 minute")
      while (figures.streams > 0) yield* Effect.yieldNow
      expect(figures).toMatchObject({ entries: 0, historyBytes: 0, idempotencyKeys: 5000 })
      yield* TestClock.adjust("10 minutes")
      expect(figures.idempotencyKeys).toBe(0)
    })
  )
})

describe("bounds", () => {
  it("of streams: one that was not used for long is forgotten", () => {
    const { broker, clock } = at({ streams: 100 })
    const first = broker.publish("hot", data, { stream })
    for (let channel = 0; channel < 1000; channel++) {
      clock.now++
      broker.publish(`c${channel}`, data, { stream: { ...stream, ttlMs: 5000 } })
      broker.history("hot", { limit: 0 }, stream)
      expect(broker.streams).toBeLessThanOrEqual(100)
      expect(broker.entries).toBeLessThanOrEqual(100)
    }
    expect(broker.history("hot", { limit: 0 }, stream).epoch).toBe(first.epoch)
    expect(broker.evictions).toBe(901)
    // A forgotten one begins anew: nobody takes it for the same.
    expect(broker.history("c0", { limit: -1 }, stream)).toMatchObject({ offset: 0, publications: [] })
  })

  it("of one stream", () => {
    const { broker } = at({ streams: 1 })
    broker.publish("a", data, { stream })
    broker.publish("b", data, { stream })
    expect([broker.streams, broker.entries]).toEqual([1, 1])
    expect(offsets(broker, "b")).toEqual([1])
  })

  it("of bytes: entries of streams that were not used for long go, positions stay", () => {
    const entry = data.length + ENTRY_BYTES
    const { broker, clock } = at({ historyBytes: 50 * entry })
    for (let channel = 0; channel < 200; channel++) {
      clock.now++
      broker.publish(`c${channel}`, data, { stream })
      expect(broker.historyBytes).toBeLessThanOrEqual(50 * entry)
      expect(broker.historyBytes).toBe(broker.entries * entry)
    }
    expect([broker.streams, broker.evictions]).toEqual([200, 150])
    expect(offsets(broker, "c199")).toEqual([1])
    expect(broker.history("c0", { limit: -1 }, stream)).toMatchObject({ offset: 1, publications: [] })
  })

  it("of bytes, where one publication has more: it is delivered and not kept", () => {
    const { broker, events } = at({ historyBytes: 1000 })
    broker.publish("news", data, { stream })
    expect(broker.publish("news", new Uint8Array(2000), { stream })).toMatchObject({ offset: 2 })
    expect(events.length).toBe(2)
    expect([broker.entries, broker.historyBytes]).toEqual([0, 0])
    broker.publish("news", data, { stream })
    expect(offsets(broker)).toEqual([3])
  })

  it("of bytes, among many streams without entries", () => {
    const { broker } = at({ historyBytes: 20_000 })
    for (let channel = 0; channel < 2000; channel++) broker.history(`empty${channel}`, { limit: 0 }, stream)
    for (let turn = 0; turn < 2000; turn++) {
      broker.publish(`c${turn % 100}`, data, { stream })
      expect(broker.historyBytes).toBeLessThanOrEqual(20_000)
    }
    expect(broker.entries).toBeGreaterThan(0)
  })

  it("of idempotency keys", () => {
    const { broker } = at({ idempotencyKeys: 10 })
    for (let key = 0; key < 100; key++)
      broker.publish("news", data, { stream: undefined, idempotencyKey: String(key) })
    expect(broker.idempotencyKeys).toBeLessThanOrEqual(10)
    expect(broker.publish("news", data, { stream: undefined, idempotencyKey: "99" }).isSuppressed).toBe(true)
    expect(broker.publish("news", data, { stream: undefined, idempotencyKey: "0" }).isSuppressed).toBe(false)
  })
})

describe("the layer", () => {
  it.effect("serves, and is among the metrics", () => {
    const events: Array<ChannelEvent> = []
    const layer = layerMemory((event) => events.push(event)).pipe(Layer.provideMerge(Metrics.layer))
    return Effect.gen(function* () {
      const broker = yield* Broker
      yield* broker.publish("news", data, { stream, version: 2, idempotencyKey: "k" })
      yield* broker.publish("news", data, { stream, version: 1 })
      yield* broker.publish("now", data, { stream: undefined })
      expect(events.length).toBe(2)
      const samples = yield* (yield* Metrics).samples
      expect(Object.fromEntries(samples.map(({ name, value }) => [name, value]))).toEqual({
        clarion_publications_total: 2,
        clarion_publications_suppressed_total: 1,
        clarion_streams: 1,
        clarion_history_publications: 1,
        clarion_history_bytes: data.length + ENTRY_BYTES,
        clarion_idempotency_keys: 1,
        clarion_history_evictions_total: 0
      })
    }).pipe(Effect.provide(layer))
  })
})
