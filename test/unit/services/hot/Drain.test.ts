import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CloseReasons } from "../../../../src/protocol/closeCodes.ts"
import type { Broadcast } from "../../../../src/services/hot/Publication.ts"
import { DrainFixture } from "../../../support/DrainFixture.ts"
import { beginning, FakeConnection, publication } from "../../../support/FakeConnection.ts"

const clients = (count: number) => Array.from({ length: count }, () => new FakeConnection())
const batch = (count: number, bytes = 13) =>
  Array.from({ length: count }, (_, i) => {
    const data = Buffer.alloc(bytes, ".")
    data.write(String(i))
    return publication(data)
  })

describe("a drain", () => {
  it("gives everyone every publication, in order", () => {
    const fixture = new DrainFixture(clients(300), [publication("a"), publication("b"), publication("c")])
    fixture.run()
    for (const { sent } of fixture.connections) expect(sent).toEqual(["a", "b", "c"])
    expect(fixture.counts(1)).toEqual({ eligible: 300, written: 300, dropped: 0, closed: 0 })
  })

  it("prepares the batch once, however many slices there are", () => {
    const fixture = new DrainFixture(clients(1000), batch(3))
    expect(fixture.run()).toBeGreaterThan(1)
    expect(fixture.fanOut.prepared).toBe(1)
  })

  it("to nobody finishes at once, with nothing written", () => {
    const fixture = new DrainFixture([], batch(2))
    expect(fixture.run()).toBe(1)
    expect(fixture.finished).toBe(1)
    expect(fixture.counts(1)).toEqual({ eligible: 0, written: 0, dropped: 0, closed: 0 })
    expect(fixture.publications[0]!.delivery.firstWriteAt).toBeNaN()
    expect(fixture.publications[0]!.delivery.lastWriteAt).toBeNaN()
  })

  it("finishes once, and has no further slice", () => {
    const fixture = new DrainFixture(clients(5), batch(1))
    fixture.run()
    expect(fixture.drain.slice()).toBe(false)
    fixture.drain.finish()
    expect(fixture.finished).toBe(1)
    expect(fixture.publications[0]!.delivery.isComplete).toBe(true)
    expect(fixture.connections[0]!.sent).toHaveLength(1)
  })

  it("leaves the list as if there had been no sweep", () => {
    const fixture = new DrainFixture(clients(300), batch(1))
    fixture.drain.slice()
    fixture.drain.finish()
    expect(fixture.list.unswept).toBe(0)
    expect(fixture.list.beginSweep()).toBe(300)
  })
})

describe("slices", () => {
  const sizes = (connections: number, publications: ReadonlyArray<Broadcast>) => {
    const fixture = new DrainFixture(clients(connections), publications)
    fixture.run()
    return fixture.fanOut.slices
  }

  it("serve 128 connections, and the last one the rest", () => {
    expect(sizes(300, batch(1))).toEqual([128, 128, 44])
    expect(sizes(256, batch(16))).toEqual([128, 128])
  })

  it("send at most 2048 messages", () => {
    expect(sizes(20, batch(256))).toEqual([8, 8, 4])
    expect(sizes(150, batch(20))).toEqual([102, 48])
  })

  it("send at most 1 MiB, but serve at least one connection", () => {
    expect(sizes(20, batch(1, 2 ** 17))).toEqual([7, 7, 6])
    expect(sizes(3, batch(1, 2 ** 22))).toEqual([1, 1, 1])
    expect(sizes(2, batch(4000))).toEqual([1, 1])
  })

  it("keep these bounds whatever is sent", () => {
    const sizesOf = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(sizesOf, fc.integer({ min: 1, max: 400 }), (lengths, count) => {
        const slices = sizes(
          count,
          lengths.map((length) => publication(new Uint8Array(length)))
        )
        const bytes = lengths.reduce((sum, length) => sum + length, 0)
        const largest = Math.max(...slices)
        expect(slices.reduce((sum, size) => sum + size, 0)).toBe(count)
        expect(Math.min(...slices)).toBeGreaterThan(0)
        expect(largest).toBeLessThanOrEqual(128)
        if (largest > 1) {
          expect(largest * lengths.length).toBeLessThanOrEqual(2048)
          expect(largest * bytes).toBeLessThanOrEqual(2 ** 20)
        }
      }),
      { numRuns: 50 }
    )
  })
})

describe("who comes and goes", () => {
  it("one who joins after the beginning is neither served nor counted", () => {
    const fixture = new DrainFixture(clients(200), batch(1))
    fixture.drain.slice()
    const late = new FakeConnection()
    fixture.join(late)
    fixture.run()
    expect(late.sent).toEqual([])
    expect(fixture.counts()).toEqual({ eligible: 200, written: 200, dropped: 0, closed: 0 })
  })

  it("one who leaves before its turn counts as closed, one who leaves after it as written", () => {
    const fixture = new DrainFixture(clients(200), batch(1))
    fixture.drain.slice()
    fixture.connections[0]!.leave()
    fixture.connections[199]!.leave()
    fixture.run()
    expect(fixture.counts()).toEqual({ eligible: 200, written: 199, dropped: 0, closed: 1 })
  })

  it("one whose close is under way counts as closed", () => {
    const fixture = new DrainFixture(clients(3), batch(2))
    fixture.connections[1]!.isClosing = true
    fixture.run()
    expect(fixture.connections[1]!.sent).toEqual([])
    expect(fixture.counts(1)).toEqual({ eligible: 3, written: 2, dropped: 0, closed: 1 })
  })

  it("a slow one counts for each publication that it misses, and is told of once", () => {
    const fixture = new DrainFixture(clients(3), batch(3))
    fixture.connections[1]!.room = 1
    fixture.run()
    expect([0, 1, 2].map((at) => fixture.counts(at).dropped)).toEqual([0, 1, 1])
    expect([0, 1, 2].map((at) => fixture.counts(at).written)).toEqual([3, 2, 2])
    expect(fixture.slow).toEqual([fixture.connections[1]])
  })

  it("a slow one may be closed on the spot, and disturbs no other", () => {
    const fixture = new DrainFixture(clients(300), batch(1), (slow) => slow.close(CloseReasons.slow))
    for (const at of [0, 5, 127, 128, 200, 299]) fixture.connections[at]!.room = 0
    fixture.run()
    expect(fixture.counts()).toEqual({ eligible: 300, written: 294, dropped: 6, closed: 0 })
    expect(fixture.list.size).toBe(294)
    for (const { room, sent } of fixture.connections) expect(sent).toHaveLength(room === 0 ? 0 : 1)
  })
})

describe("a drain that is aborted", () => {
  it("counts those who had no turn as closed, and finishes", () => {
    const fixture = new DrainFixture(clients(300), batch(2))
    fixture.drain.slice()
    fixture.drain.finish()
    expect(fixture.finished).toBe(1)
    expect(fixture.counts(1)).toEqual({ eligible: 300, written: 128, dropped: 0, closed: 172 })
    expect(fixture.drain.slice()).toBe(false)
    expect(fixture.connections[200]!.sent).toEqual([])
  })

  it("before its first slice has written nothing", () => {
    const fixture = new DrainFixture(clients(3), batch(1))
    fixture.drain.finish()
    expect(fixture.counts()).toEqual({ eligible: 3, written: 0, dropped: 0, closed: 3 })
    expect(fixture.publications[0]!.delivery.lastWriteAt).toBeNaN()
  })
})

describe("times of writes", () => {
  it("are those of the first and the last slice", () => {
    const fixture = new DrainFixture(clients(300), batch(1))
    fixture.run()
    const { firstWriteAt, lastWriteAt } = fixture.publications[0]!.delivery
    expect(firstWriteAt).toBe(1000)
    expect(lastWriteAt).toBe(1003)
  })

  it("the first stays the first when all who were served leave before the next slice", () => {
    const fixture = new DrainFixture(clients(300), batch(1))
    fixture.drain.slice()
    for (const connection of fixture.connections.slice(0, 128)) connection.leave()
    fixture.now = 5000
    fixture.run()
    expect(fixture.publications[0]!.delivery.firstWriteAt).toBe(1000)
  })

  it("are absent when nobody was written to", () => {
    const fixture = new DrainFixture(clients(3), batch(1))
    fixture.connections[0]!.room = 0
    fixture.connections[1]!.isClosing = true
    fixture.connections[2]!.room = 0
    fixture.run()
    expect(fixture.counts()).toEqual({ eligible: 3, written: 0, dropped: 2, closed: 1 })
    expect(fixture.publications[0]!.delivery.firstWriteAt).toBeNaN()
    expect(fixture.publications[0]!.delivery.lastWriteAt).toBeNaN()
  })
})

/** What happens between two slices, to the n-th connection of those that were there at the start. */
const event = fc.record({
  what: fc.constantFrom("join", "leave", "closing", "slow"),
  who: fc.nat(999)
})

describe("whatever happens between the slices of a drain", () => {
  it("the counts of every publication add up, and tell what the connections got", () => {
    const given = fc.record({
      count: fc.nat(60),
      publications: fc.integer({ min: 1, max: 4 }),
      before: fc.array(event, { maxLength: 5 }),
      between: fc.array(fc.array(event, { maxLength: 6 }), { maxLength: 20 }),
      closesSlow: fc.boolean(),
      abortAfter: fc.option(fc.nat(15), { nil: undefined })
    })
    fc.assert(
      fc.property(given, ({ count, publications, before, between, closesSlow, abortAfter }) => {
        // A quarter of a MiB each: a few connections to the slice.
        const messages = batch(publications, 2 ** 18 / publications)
        const fixture = new DrainFixture(clients(count), messages, (slow) => {
          if (closesSlow) slow.close(CloseReasons.slow)
        })
        const happen = ({ what, who }: { what: string; who: number }) => {
          if (what === "join") return fixture.join(new FakeConnection())
          const connection = fixture.connections[who % Math.max(1, count)]
          if (connection === undefined) return
          if (what === "leave") connection.leave()
          else if (what === "closing") connection.isClosing = true
          else connection.room = who % 3
        }
        before.forEach(happen)
        for (let slices = 0; fixture.drain.slice(); slices++) {
          for (const event of between[slices] ?? []) happen(event)
          if (slices === abortAfter) fixture.drain.finish()
        }
        expect(fixture.finished).toBe(1)
        messages.forEach(({ data }, at) => {
          const { eligible, written, dropped, closed } = fixture.counts(at)
          const text = beginning(data)
          expect(eligible).toBe(count)
          expect(written).toBe(fixture.connections.filter(({ sent }) => sent.includes(text)).length)
          expect(written + dropped + closed).toBe(eligible)
          expect(Math.min(written, dropped, closed)).toBeGreaterThanOrEqual(0)
        })
        for (const { sent } of fixture.connections) expect(new Set(sent).size).toBe(sent.length)
      })
    )
  })
})
