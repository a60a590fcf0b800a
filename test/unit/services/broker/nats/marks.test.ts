import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Mark,
  markBefore,
  marked,
  NEAR,
  withoutGone
} from "../../../../../src/services/broker/nats/marks.ts"

/** Messages of these numbers of publications, three sequences apart. */
const logOf = (counts: ReadonlyArray<number>): ReadonlyArray<Mark> => {
  let offset = 0
  return counts.map((count, at) => {
    offset += count
    return { offset, seq: 3 * (at + 1) }
  })
}

const NOTHING: ReadonlyArray<Mark> = []

describe("marks", () => {
  it("of the last messages none is left out, and further back they are never further apart than from the end", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 500 }), (counts) => {
        const log = logOf(counts)
        const marks = log.reduce(marked, NOTHING)
        expect(marks.slice(-NEAR)).toEqual(log.slice(-NEAR))
        expect(marks[0]).toEqual(log[0])
        const end = log.at(-1)!.offset
        for (const [at, { offset, seq }] of marks.entries()) {
          expect(log).toContainEqual({ offset, seq })
          const next = marks[at + 1]
          if (next === undefined) continue
          const skipped = log.filter((mark) => mark.seq > seq && mark.seq < next.seq)
          if (skipped.length > 0) expect(next.offset - offset).toBeLessThanOrEqual(end - next.offset)
        }
      })
    )
  })

  it("are few, however long the log", () => {
    const marks = logOf(Array.from({ length: 100_000 }, () => 1)).reduce(marked, NOTHING)
    expect(marks.length).toBeLessThanOrEqual(NEAR + 2 * Math.log2(100_000))
  })

  it("of those before what counts the last one stays: there a reading begins", () => {
    const marks = logOf([1, 1, 1, 1])
    expect(withoutGone(marks, 3)).toEqual(marks.slice(1))
    expect(withoutGone(marks, 1)).toEqual(marks)
    expect(markBefore(marks, 3)).toEqual({ offset: 2, seq: 6 })
    expect(markBefore(marks, 1)).toBeUndefined()
  })
})
