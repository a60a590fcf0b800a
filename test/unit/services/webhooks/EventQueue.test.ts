import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { EventQueue } from "../../../../src/services/webhooks/EventQueue.ts"

const filled = (events: ReadonlyArray<string>, maxEvents = 100, maxBytes = 10_000) => {
  const queue = new EventQueue(maxEvents, maxBytes)
  for (const event of events) queue.offer(event)
  return queue
}

describe("a queue of events", () => {
  it("sends only what is kept, oldest first", () => {
    const queue = filled(["a", "b", "c"])
    expect([queue.size, queue.ready, queue.batch(10, 10)]).toEqual([3, 0, []])
    expect(queue.toKeep()).toEqual(["a", "b", "c"])
    queue.keep(2)
    expect([queue.toKeep(), queue.batch(10, 10)]).toEqual([["c"], ["a", "b"]])
    queue.remove(1)
    expect([queue.size, queue.ready, queue.batch(10, 10), queue.toKeep()]).toEqual([2, 1, ["b"], ["c"]])
  })

  it("has batches of bounded number and bytes, but of at least one event", () => {
    const queue = filled(["aaaa", "\u00e9\u00e9", "c", "d"])
    queue.keep(4)
    expect(queue.batch(2, 100)).toEqual(["aaaa", "\u00e9\u00e9"])
    expect(queue.batch(10, 8)).toEqual(["aaaa", "\u00e9\u00e9"])
    expect(queue.batch(10, 7)).toEqual(["aaaa"])
    expect(queue.batch(10, 1)).toEqual(["aaaa"])
  })

  it("takes no more than so many events", () => {
    const queue = filled(["a", "b", "c"], 2)
    expect([queue.size, queue.lost, queue.lossToReport]).toEqual([2, 1, 1])
    queue.keep(2)
    queue.remove(1)
    expect(queue.offer("d")).toBe(true)
    expect(queue.toKeep()).toEqual(["d"])
  })

  it("takes no more than so many bytes, whatever came and went before", () => {
    const event = fc.string({ unit: fc.constantFrom("a", "\u00e9", "\u20ac"), maxLength: 30 })
    fc.assert(
      fc.property(fc.array(fc.oneof(event, fc.nat({ max: 5 }))), (steps) => {
        const queue = new EventQueue(1000, 100)
        let expected: ReadonlyArray<string> = []
        let lost = 0
        for (const step of steps) {
          if (typeof step === "string") {
            const fits = Buffer.byteLength([...expected, step].join("")) <= 100
            expect(queue.offer(step)).toBe(fits)
            if (fits) expected = [...expected, step]
            else lost++
          } else {
            queue.keep(queue.toKeep().length)
            const count = Math.min(step, expected.length)
            queue.remove(count)
            expected = expected.slice(count)
          }
        }
        queue.keep(queue.toKeep().length)
        expect(queue.batch(1000, 1000)).toEqual(expected)
        expect(queue.lost).toBe(lost)
      })
    )
  })

  it("counts what is lost, and what nobody was told of", () => {
    const queue = filled([])
    queue.lose(5)
    queue.reported(3)
    queue.lose(1)
    expect([queue.lost, queue.lossToReport]).toEqual([6, 3])
  })
})
