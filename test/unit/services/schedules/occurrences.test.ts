import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  countDue,
  firstDue,
  initialDue,
  lastDue,
  nextDue,
  triggerProblem,
  upcoming
} from "../../../../src/services/schedules/occurrences.ts"
import type { Trigger } from "../../../../src/services/schedules/Schedule.ts"

const YEAR = 365 * 86_400_000

const every = (interval: number, start: number, end?: number): Trigger => ({
  kind: "every",
  every: interval,
  start,
  end
})
const at = (time: number): Trigger => ({ kind: "at", at: time })
const cron = (expression: string, start = 0): Trigger => ({
  kind: "cron",
  expression,
  timeZone: "UTC",
  start
})

/** Triggers of few due times, and all of them, written out. */
const small: fc.Arbitrary<readonly [Trigger, ReadonlyArray<number>]> = fc.oneof(
  fc.nat(1000).map((time) => [at(time), [time]] as const),
  fc
    .record({
      interval: fc.integer({ min: 1, max: 200 }),
      start: fc.nat(500),
      length: fc.integer({ min: 1, max: 600 })
    })
    .map(({ interval, start, length }) => {
      const times: Array<number> = []
      for (let time = start; time < start + length; time += interval) times.push(time)
      return [every(interval, start, start + length), times] as const
    })
)

describe("due times", () => {
  it("after and before a time are those of the list", () => {
    fc.assert(
      fc.property(small, fc.integer({ min: -10, max: 1300 }), ([trigger, times], time) => {
        expect(nextDue(trigger, time)).toBe(times.find((due) => due > time))
        expect(lastDue(trigger, time)).toBe(times.findLast((due) => due <= time))
        expect(firstDue(trigger)).toBe(times[0])
        expect(upcoming(trigger, time, 3)).toEqual(times.filter((due) => due > time).slice(0, 3))
      })
    )
  })

  it("are counted", () => {
    const time = fc.integer({ min: -10, max: 1300 })
    fc.assert(
      fc.property(small, time, time, ([trigger, times], from, to) => {
        expect(countDue(trigger, from, to, 1000)).toBe(times.filter((due) => due >= from && due <= to).length)
      })
    )
  })

  it("of a fixed rate are not walked through, however many passed", () => {
    const trigger = every(100, 0)
    expect(countDue(trigger, 100, YEAR, 1)).toBe(YEAR / 100)
    expect(lastDue(trigger, 50 * YEAR + 99)).toBe(50 * YEAR)
    expect(nextDue(trigger, 50 * YEAR)).toBe(50 * YEAR + 100)
  })

  it("of cron are counted up to the limit", () => {
    const minutely = cron("* * * * *")
    expect(countDue(minutely, 60_000, 300_000, 100)).toBe(5)
    expect(countDue(minutely, 60_001, 299_999, 100)).toBe(3)
    expect(countDue(minutely, 0, YEAR, 100)).toBe(100)
  })

  it("of a new schedule begin now, but of one that is due once, also a little before", () => {
    expect(initialDue(at(5), 9)).toBe(5)
    expect(initialDue(every(10, 5), 25)).toBe(25)
    expect(initialDue(every(10, 5), 26)).toBe(35)
    expect(initialDue(every(10, 5, 35), 26)).toBeUndefined()
    expect(initialDue(cron("* * * * *"), 60_000)).toBe(60_000)
    expect(initialDue(cron("* * * * *"), 60_001)).toBe(120_000)
  })

  it("do not exist where the trigger cannot be evaluated, which is told", () => {
    const lost: Trigger = { kind: "cron", expression: "* * * * *", timeZone: "Mars/Base", start: 0 }
    expect(nextDue(lost, 0)).toBeUndefined()
    expect(lastDue(lost, YEAR)).toBeUndefined()
    expect(triggerProblem(lost)).toBe("timeZone is no time zone of the IANA database")
    expect(triggerProblem(cron("* * * * *"))).toBeUndefined()
    expect(triggerProblem(at(0))).toBeUndefined()
  })
})
