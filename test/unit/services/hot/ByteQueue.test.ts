import * as fc from "fast-check"
import { expect, it } from "vitest"
import { ByteQueue } from "../../../../src/services/hot/ByteQueue.ts"

it("gives whole pieces that fit, and parts of those that do not", () => {
  const queue = new ByteQueue()
  queue.push(Buffer.from("abc"))
  queue.push(Buffer.from(""))
  queue.push(Buffer.from("defgh"))
  expect(queue.length).toBe(8)
  const taken = [queue.take(4), queue.take(4), queue.take(4)].map((bytes) => Buffer.from(bytes).toString())
  expect([taken, queue.length]).toEqual([["abc", "defg", "h"], 0])
})

it("is a queue of bytes, whatever is put in and taken", () => {
  const step = fc.oneof(
    fc.record({ put: fc.uint8Array({ maxLength: 20 }) }),
    fc.record({ max: fc.integer({ min: 1, max: 30 }) })
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new ByteQueue()
      let model = Buffer.alloc(0)
      for (const step of steps) {
        if ("put" in step) {
          queue.push(step.put)
          model = Buffer.concat([model, step.put])
        } else if (queue.length > 0) {
          const taken = Buffer.from(queue.take(step.max))
          expect(taken.length).toBeGreaterThan(0)
          expect(taken.length).toBeLessThanOrEqual(step.max)
          expect(taken).toEqual(model.subarray(0, taken.length))
          model = model.subarray(taken.length)
        }
        expect(queue.length).toBe(model.length)
      }
    }),
    { numRuns: 300 }
  )
})
