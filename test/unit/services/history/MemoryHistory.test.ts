import { describe, expect, it } from "vitest"
import {
  type MemoryBounds,
  MemoryHistory,
  memoryBounds
} from "../../../../src/services/history/MemoryHistory.ts"
import { ENTRY_BYTES } from "../../../../src/services/history/Stream.ts"
import type { ChannelEvent } from "../../../../src/services/hot/ChannelEvent.ts"
import { Delivery } from "../../../../src/services/hot/Publication.ts"

const stream = { size: 10, ttlMs: 1000, metaTtlMs: 5000 }
const data = new Uint8Array(100)

/** A history whose time is set by hand. */
const at = (bounds: Partial<MemoryBounds> = {}) => {
  const events: Array<ChannelEvent> = []
  const clock = { now: 1_000_000 }
  const history = new MemoryHistory(
    (event) => events.push(event),
    () => clock.now,
    { ...memoryBounds, ...bounds }
  )
  return { history, clock, events }
}
const offsets = (history: MemoryHistory, channel = "news") =>
  history.read(channel, { limit: -1 }, stream).publications.map(({ offset }) => offset)

describe("a publication", () => {
  it("is told before append returns, the same that stands in the history", () => {
    const { history, events } = at()
    history.append("news", data, stream, {})
    expect(events.length).toBe(1)
    expect(history.read("news", { limit: 1 }, stream).publications[0]).toBe(events[0]!.publication)
  })

  it("has the delivery that it came with; a suppressed one leaves it alone", () => {
    const { history, events } = at()
    const delivery = new Delivery()
    const own = { idempotencyKey: "k", version: 1, delivery }
    history.append("news", data, stream, { ...own })
    history.append("now", data, undefined, { ...own })
    expect(events.map((event) => event.delivery === delivery)).toEqual([true, true])
    const untouched = new Delivery()
    expect(history.append("news", data, stream, { ...own, delivery: untouched }).isSuppressed).toBe(true)
    expect(history.append("news", data, stream, { version: 1, delivery: untouched }).isSuppressed).toBe(true)
    history.append("news", data, stream, {})
    expect(events.length).toBe(3)
    expect(events[2]!.delivery).not.toBe(delivery)
  })

  it("carries the time in whole milliseconds", () => {
    const { history, clock, events } = at()
    clock.now = 1234.75
    history.append("news", data, stream, {})
    expect(events.map(({ publication }) => publication.time)).toEqual([1234])
  })

  it("keeps its own bytes only, not those of the request that it came with", () => {
    const { history, events } = at()
    const request = new Uint8Array(10_000).map((_, index) => index)
    for (const part of [request, request.subarray(0, 6000), request.subarray(1000, 1100)])
      history.append("news", part, stream, {})
    const kept = history.read("news", { limit: -1 }, stream).publications
    expect(kept.map((publication) => publication.data.buffer === request.buffer)).toEqual([true, true, false])
    expect(kept[2]!.data.buffer.byteLength).toBe(100)
    expect(kept[2]!.data).toEqual(request.subarray(1000, 1100))
    history.append("now", request.subarray(1000, 1100), undefined, {})
    expect(events.at(-1)!.data.buffer).toBe(request.buffer)
  })
})

describe("times are exact, whether the sweep came or not", () => {
  it("entries end after their time", () => {
    const { history, clock } = at()
    history.append("news", data, stream, {})
    clock.now += stream.ttlMs - 1
    expect(offsets(history)).toEqual([1])
    clock.now += 1
    expect(offsets(history)).toEqual([])
    expect([history.entries, history.historyBytes, history.streams]).toEqual([0, 0, 1])
  })

  it("a stream ends after its time", () => {
    const { history, clock } = at()
    const { epoch } = history.append("news", data, stream, {})
    clock.now += stream.metaTtlMs - 1
    const read = history.read("news", { limit: 0 }, stream)
    expect(read).toMatchObject({ offset: 1, epoch })
    clock.now += stream.metaTtlMs
    expect(history.read("news", { limit: 0 }, stream)).toMatchObject({ offset: 0 })
    expect(history.read("news", { limit: 0 }, stream).epoch).not.toBe(epoch)
  })

  it("of what is over, nothing can be removed", () => {
    const { history, clock } = at()
    history.append("news", data, stream, {})
    clock.now += stream.metaTtlMs
    history.clear("news")
    expect(history.streams).toBe(0)
  })
})

describe("the sweep", () => {
  it("frees entries, then streams, a bounded number at a time", () => {
    const { history, clock } = at()
    for (let channel = 0; channel < 25; channel++) history.append(`c${channel}`, data, stream, {})
    clock.now += stream.ttlMs
    expect(history.sweep(10)).toBe(false)
    expect([history.entries, history.streams]).toEqual([15, 25])
    expect(history.sweep(10)).toBe(false)
    expect(history.sweep(10)).toBe(true)
    expect([history.entries, history.historyBytes, history.streams]).toEqual([0, 0, 25])
    clock.now += stream.metaTtlMs
    while (!history.sweep(10));
    expect(history.streams).toBe(0)
  })

  it("leaves what is in use, and goes on while streams come and go", () => {
    const { history, clock } = at()
    for (let channel = 0; channel < 20; channel++) history.append(`c${channel}`, data, stream, {})
    clock.now += stream.metaTtlMs - 1
    for (let channel = 0; channel < 20; channel += 2) history.append(`c${channel}`, data, stream, {})
    clock.now += 1
    history.sweep(5)
    for (let channel = 20; channel < 25; channel++) history.append(`c${channel}`, data, stream, {})
    while (!history.sweep(5));
    expect([history.streams, history.entries]).toEqual([15, 15])
    // Its first publication was over when the second came.
    expect(offsets(history, "c0")).toEqual([2])
  })
})

describe("bounds", () => {
  it("of streams: one that was not used for long is forgotten", () => {
    const { history, clock } = at({ streams: 100 })
    const first = history.append("hot", data, stream, {})
    for (let channel = 0; channel < 1000; channel++) {
      clock.now++
      history.append(`c${channel}`, data, { ...stream, ttlMs: 5000 }, {})
      history.read("hot", { limit: 0 }, stream)
      expect(history.streams).toBeLessThanOrEqual(100)
      expect(history.entries).toBeLessThanOrEqual(100)
    }
    expect(history.read("hot", { limit: 0 }, stream).epoch).toBe(first.epoch)
    expect(history.evictions).toBe(901)
    // A forgotten one begins anew: nobody takes it for the same.
    expect(history.read("c0", { limit: -1 }, stream)).toMatchObject({ offset: 0, publications: [] })
  })

  it("of one stream", () => {
    const { history } = at({ streams: 1 })
    history.append("a", data, stream, {})
    history.append("b", data, stream, {})
    expect([history.streams, history.entries]).toEqual([1, 1])
    expect(offsets(history, "b")).toEqual([1])
  })

  it("of bytes: entries of streams that were not used for long go, positions stay", () => {
    const entry = data.length + ENTRY_BYTES
    const { history, clock } = at({ historyBytes: 50 * entry })
    for (let channel = 0; channel < 200; channel++) {
      clock.now++
      history.append(`c${channel}`, data, stream, {})
      expect(history.historyBytes).toBeLessThanOrEqual(50 * entry)
      expect(history.historyBytes).toBe(history.entries * entry)
    }
    expect([history.streams, history.evictions]).toEqual([200, 150])
    expect(offsets(history, "c199")).toEqual([1])
    expect(history.read("c0", { limit: -1 }, stream)).toMatchObject({ offset: 1, publications: [] })
  })

  it("of bytes, where one publication has more: it is delivered and not kept", () => {
    const { history, events } = at({ historyBytes: 1000 })
    history.append("news", data, stream, {})
    expect(history.append("news", new Uint8Array(2000), stream, {})).toMatchObject({ offset: 2 })
    expect(events.length).toBe(2)
    expect([history.entries, history.historyBytes]).toEqual([0, 0])
    history.append("news", data, stream, {})
    expect(offsets(history)).toEqual([3])
  })

  it("of bytes, among many streams without entries", () => {
    const { history } = at({ historyBytes: 20_000 })
    for (let channel = 0; channel < 2000; channel++) history.read(`empty${channel}`, { limit: 0 }, stream)
    for (let turn = 0; turn < 2000; turn++) {
      history.append(`c${turn % 100}`, data, stream, {})
      expect(history.historyBytes).toBeLessThanOrEqual(20_000)
    }
    expect(history.entries).toBeGreaterThan(0)
  })

  it("of idempotency keys", () => {
    const { history } = at({ idempotencyKeys: 10 })
    for (let key = 0; key < 100; key++)
      history.append("news", data, undefined, { idempotencyKey: String(key) })
    expect(history.idempotencyKeys).toBeLessThanOrEqual(10)
    expect(history.append("news", data, undefined, { idempotencyKey: "99" }).isSuppressed).toBe(true)
    expect(history.append("news", data, undefined, { idempotencyKey: "0" }).isSuppressed).toBe(false)
  })
})
