import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fireAtOf, jitterOf } from "../../../../src/services/schedules/jitter.ts"
import { nextDue } from "../../../../src/services/schedules/occurrences.ts"
import type { Trigger } from "../../../../src/services/schedules/Schedule.ts"

const at: Trigger = { kind: "at", at: 1000 }

describe("jitter", () => {
  it("is from 0 to its bound, and none without one", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(100_000), (id, due, bound) => {
        const jitter = jitterOf(id, due, bound)
        expect(Number.isInteger(jitter) && jitter >= 0 && jitter <= bound).toBe(true)
      })
    )
    expect(jitterOf("a", 1, 0)).toBe(0)
  })

  it("takes both of its ends", () => {
    const drawn = new Set(Array.from({ length: 200 }, (_, due) => jitterOf("a", due, 3)))
    expect([...drawn].sort()).toEqual([0, 1, 2, 3])
  })

  it("is the same in every process and every release", () => {
    expect([jitterOf("a", 1, 1_000_000), jitterOf("b", 1, 1_000_000), jitterOf("a", 2, 1_000_000)]).toEqual([
      153165, 384848, 122174
    ])
  })

  it.each([
    ["due times of one schedule", (n: number) => jitterOf("schedule", n * 60_000, 9999)],
    ["schedules of one due time", (n: number) => jitterOf(`schedule-${n}`, 1_767_225_600_000, 9999)]
  ])("is spread evenly over %s", (_, draw) => {
    const [draws, cells] = [20_000, 20]
    const counts = new Array<number>(cells).fill(0)
    for (let n = 0; n < draws; n++) counts[Math.floor((draw(n) / 10_000) * cells)]!++
    const expected = draws / cells
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 19 degrees of freedom: an even spread is above 43.8 once in a thousand times, and these draws are always the same.
    expect(chiSquare).toBeLessThan(43.8)
  })
})

describe("the beginning of a run", () => {
  const triggers: fc.Arbitrary<Trigger> = fc.oneof(
    fc
      .integer({ min: 1, max: 500 })
      .map((interval): Trigger => ({ kind: "every", every: interval, start: 0 })),
    fc
      .constantFrom("* * * * * *", "59 59 23 * * *", "0 0 * * *")
      .map((expression): Trigger => ({ kind: "cron", expression, timeZone: "UTC", start: 0 }))
  )

  it("is never early, and before the next due time, whatever the jitter", () => {
    fc.assert(
      fc.property(triggers, fc.nat(200_000), fc.nat(100_000_000), (trigger, from, jitter) => {
        const due = nextDue(trigger, from)!
        const fireAt = fireAtOf("a", trigger, due, jitter)
        expect(fireAt).toBeGreaterThanOrEqual(due)
        expect(fireAt).toBeLessThan(nextDue(trigger, due)!)
        expect(fireAt - due).toBeLessThanOrEqual(jitter)
      })
    )
  })

  it("has the whole jitter where nothing follows", () => {
    expect(fireAtOf("a", at, 1000, 60_000)).toBe(1000 + jitterOf("a", 1000, 60_000))
    expect(fireAtOf("a", at, 1000, 0)).toBe(1000)
  })
})
