import { setImmediate as nextTurn } from "node:timers/promises"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { HistoryFilter } from "../../../../src/services/broker/Broker.ts"
import { ENTRY_BYTES, Stream } from "../../../../src/services/history/Stream.ts"
import type { ChannelPublication } from "../../../../src/services/hot/ChannelEvent.ts"
import { collectGarbage } from "../../../support/collectGarbage.ts"

const publication = (offset: number, bytes: number): ChannelPublication => ({
  offset,
  data: new Uint8Array(bytes),
  isDelta: false,
  time: 0
})
const options = (size: number) => ({ size, ttlMs: 10, metaTtlMs: 100 })

/** A stream of plain arrays that says what is right. */
class Model {
  offset = 0
  kept: Array<ChannelPublication> = []

  append(entry: ChannelPublication, size: number): void {
    this.offset = entry.offset
    this.kept = [...this.kept, entry].slice(-size)
  }

  select({ limit, since, isReverse }: HistoryFilter, epoch: string): Array<ChannelPublication> {
    if (since !== undefined && since.epoch !== "" && since.epoch !== epoch) return []
    const order = isReverse ? [...this.kept].reverse() : this.kept
    const found = order.filter(
      ({ offset }) => since === undefined || (isReverse ? offset < since.offset : offset > since.offset)
    )
    return limit < 0 ? found : found.slice(0, limit)
  }
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ size: fc.integer({ min: 1, max: 20 }), bytes: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.constant("clear" as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      limit: fc.integer({ min: -1, max: 25 }),
      since: fc.option(fc.record({ offset: fc.nat(70), epoch: fc.constantFrom("", "own", "another") }), {
        nil: undefined
      }),
      isReverse: fc.boolean()
    })
  }
)

describe("a stream", () => {
  it("is what a list of publications is", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const stream = new Stream("news")
        const model = new Model()
        for (const next of steps) {
          if (next === "clear") {
            stream.clear()
            model.kept = []
          } else if ("bytes" in next) {
            const entry = publication(stream.offset + 1, next.bytes)
            stream.append(entry, 0, options(next.size))
            model.append(entry, next.size)
          } else {
            const since = next.since?.epoch === "own" ? { ...next.since, epoch: stream.epoch } : next.since
            const filter = { ...next, since }
            expect(stream.select(filter)).toEqual(model.select(filter, stream.epoch))
          }
          expect([stream.offset, stream.size]).toEqual([model.offset, model.kept.length])
          expect(stream.bytes).toBe(
            model.kept.reduce((bytes, { data }) => bytes + data.length + ENTRY_BYTES, 0)
          )
        }
      }),
      { numRuns: 1000 }
    )
  })

  it("has an epoch of its own: eight letters", () => {
    const epochs = Array.from({ length: 1000 }, () => new Stream("news").epoch)
    expect(new Set(epochs).size).toBe(1000)
    for (const epoch of epochs) expect(epoch).toMatch(/^[A-Za-z]{8}$/)
  })

  it("keeps on beyond 2^32 publications", () => {
    const stream = new Stream("news")
    stream.offset = 2 ** 32 - 3
    for (let turn = 0; turn < 5; turn++) stream.append(publication(stream.offset + 1, 1), 0, options(3))
    expect(stream.select({ limit: -1 }).map(({ offset }) => offset)).toEqual([
      2 ** 32,
      2 ** 32 + 1,
      2 ** 32 + 2
    ])
  })

  it("stays as long as its entries, even where its own time is shorter", () => {
    const stream = new Stream("news")
    stream.append(publication(1, 1), 1000, { size: 1, ttlMs: 500, metaTtlMs: 50 })
    stream.touch(1000, { size: 1, ttlMs: 500, metaTtlMs: 50 })
    expect([stream.entriesUntil, stream.until]).toEqual([1500, 1500])
    stream.touch(1490, { size: 1, ttlMs: 500, metaTtlMs: 50 })
    expect(stream.until).toBe(1540)
  })
})

it("what a smaller size drops does not stay in memory", async () => {
  const stream = new Stream("news")
  const append = (size: number) => {
    const entry = publication(stream.offset + 1, 1)
    stream.append(entry, 0, options(size))
    return new WeakRef(entry)
  }
  const entries = Array.from({ length: 64 }, () => append(64))
  append(1)
  // In the turn that makes a weak reference it holds.
  await nextTurn()
  collectGarbage()
  expect(entries.filter((entry) => entry.deref() !== undefined)).toEqual([])
  expect(stream.size).toBe(1)
})
