import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_TIMES, RecentTimes } from "../../../src/client/metrics/RecentTimes.ts"

const of = (times: Iterable<number>): RecentTimes => {
  const recent = new RecentTimes()
  for (const time of times) recent.add(time)
  return recent
}

describe("recent times", () => {
  it("of nothing are none, since ever", () => {
    expect(new RecentTimes().since(0)).toBe(0)
    expect(new RecentTimes().since(-1)).toBe(0)
  })

  it("since a moment are those at it or after it", () => {
    expect([1, 5, 6, 10, 11].map((time) => of([1, 5, 5, 10]).since(time))).toEqual([4, 3, 1, 1, 0])
  })

  it("are as many as a plain count says, for any times", () => {
    const times = fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 50 })
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 110 }), (unsorted, moment) => {
        const sorted = unsorted.toSorted((a, b) => a - b)
        expect(of(sorted).since(moment)).toBe(sorted.filter((time) => time >= moment).length)
      })
    )
  })

  it("that are taken back count no more, each once, and as many as a plain count says", () => {
    const times = fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 50 })
    fc.assert(
      fc.property(times, times, fc.integer({ min: 0, max: 22 }), (unsorted, back, moment) => {
        const sorted = unsorted.toSorted((a, b) => a - b)
        const recent = of(sorted)
        for (const time of back) {
          recent.takeBack(time)
          if (sorted.includes(time)) sorted.splice(sorted.indexOf(time), 1)
        }
        recent.add(21)
        expect(recent.since(moment)).toBe([...sorted, 21].filter((time) => time >= moment).length)
      })
    )
  })

  it("remember the last MAX_TIMES and count no more than these", () => {
    const recent = new RecentTimes()
    for (let time = 0; time < MAX_TIMES + 1000; time++) recent.add(time)
    expect(recent.since(0)).toBe(MAX_TIMES)
    expect(recent.since(1000)).toBe(MAX_TIMES)
    expect(recent.since(1001)).toBe(MAX_TIMES - 1)
    expect(recent.since(MAX_TIMES)).toBe(1000)
  })
})
