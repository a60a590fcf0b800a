import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type CatchUpInput,
  type CatchUpPlan,
  COUNTED,
  catchUp
} from "../../../../src/services/schedules/catchUp.ts"
import { fireAtOf } from "../../../../src/services/schedules/jitter.ts"
import { lastDue, nextDue } from "../../../../src/services/schedules/occurrences.ts"
import type { CatchUp, Trigger } from "../../../../src/services/schedules/Schedule.ts"

const HOUR = 3_600_000
const hourly: Trigger = { kind: "every", every: HOUR, start: 0 }

const plan = (some: Partial<CatchUpInput>): CatchUpPlan =>
  catchUp({
    trigger: hourly,
    policy: "once",
    due: HOUR,
    now: HOUR,
    lateness: 10_000,
    maxRuns: 100,
    fireAt: (due) => due,
    ...some
  })

const nothing = { runs: [], late: 0, leftOut: 0, lastLeftOut: undefined }

describe("what is run now", () => {
  const policies: ReadonlyArray<CatchUp> = ["skip", "once", "all"]

  it.each(policies)("is what is due and on time, whatever the policy: %s", (policy) => {
    const onTime = { ...nothing, runs: [HOUR], next: 2 * HOUR }
    expect(plan({ policy })).toEqual(onTime)
    expect(plan({ policy, now: HOUR + 10_000 })).toEqual(onTime)
    expect(plan({ policy, now: HOUR - 1 })).toEqual({ ...nothing, next: HOUR })
  })

  const now = 5 * HOUR + 10_001

  it("is nothing that was missed: skip", () => {
    expect(plan({ policy: "skip", now })).toEqual({
      ...nothing,
      leftOut: 5,
      lastLeftOut: 5 * HOUR,
      next: 6 * HOUR
    })
  })

  it("is the newest that was missed: once", () => {
    expect(plan({ policy: "once", now })).toEqual({
      runs: [5 * HOUR],
      late: 1,
      leftOut: 4,
      lastLeftOut: 4 * HOUR,
      next: 6 * HOUR
    })
  })

  it("is all that was missed, oldest first: all", () => {
    const runs = [1, 2, 3, 4, 5].map((hour) => hour * HOUR)
    expect(plan({ policy: "all", now })).toEqual({ ...nothing, runs, late: 5, next: 6 * HOUR })
  })

  it("is the newest where there are more than may be", () => {
    expect(plan({ policy: "all", now, maxRuns: 2 })).toEqual({
      runs: [4 * HOUR, 5 * HOUR],
      late: 2,
      leftOut: 3,
      lastLeftOut: 3 * HOUR,
      next: 6 * HOUR
    })
  })

  it("is, at a fast rate, many that are on time, whatever the policy", () => {
    const second = { trigger: { kind: "every", every: 1000, start: 0 }, due: 1000, now: 12_500 } as const
    const onTime = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((at) => at * 1000)
    expect(plan({ ...second, policy: "skip" })).toMatchObject({ runs: onTime, late: 0, leftOut: 2 })
    expect(plan({ ...second, policy: "once" })).toMatchObject({ runs: [2000, ...onTime], leftOut: 1 })
    expect(plan({ ...second, policy: "all" })).toMatchObject({ runs: [1000, 2000, ...onTime], leftOut: 0 })
  })

  it("is both the missed and the one on time", () => {
    expect(plan({ policy: "once", now: 5 * HOUR }).runs).toEqual([4 * HOUR, 5 * HOUR])
    expect(plan({ policy: "skip", now: 5 * HOUR })).toMatchObject({ runs: [5 * HOUR], late: 0, leftOut: 4 })
  })

  it("is judged by the time with jitter", () => {
    const fireAt = (due: number) => due + 30_000
    expect(plan({ fireAt, policy: "skip", now: HOUR + 29_999 })).toEqual({ ...nothing, next: HOUR })
    expect(plan({ fireAt, policy: "skip", now: HOUR + 40_000 }).runs).toEqual([HOUR])
    expect(plan({ fireAt, policy: "skip", now: HOUR + 40_001 }).runs).toEqual([])
    // The newest due time has passed, its jitter has not.
    expect(plan({ fireAt, policy: "all", now: 3 * HOUR + 29_999 })).toMatchObject({
      runs: [HOUR, 2 * HOUR],
      next: 3 * HOUR
    })
  })

  it("is a time that is due once, too, and nothing follows", () => {
    const trigger: Trigger = { kind: "at", at: HOUR }
    expect(plan({ trigger })).toEqual({ ...nothing, runs: [HOUR], next: undefined })
    expect(plan({ trigger, now, policy: "once" })).toMatchObject({ runs: [HOUR], late: 1, next: undefined })
    expect(plan({ trigger, now, policy: "skip" })).toMatchObject({ runs: [], leftOut: 1, next: undefined })
  })

  it("ends with the end", () => {
    const trigger: Trigger = { kind: "every", every: HOUR, start: 0, end: 3 * HOUR }
    expect(plan({ trigger, now: 9 * HOUR, policy: "all" })).toMatchObject({
      runs: [HOUR, 2 * HOUR],
      next: undefined
    })
  })

  it("is nothing again when the clock was set back", () => {
    expect(plan({ due: 6 * HOUR, now: 2 * HOUR, policy: "all" })).toEqual({ ...nothing, next: 6 * HOUR })
  })

  it("takes no longer for years of short intervals", () => {
    const trigger: Trigger = { kind: "every", every: 100, start: 0 }
    const year = 365 * 24 * HOUR
    const done = plan({ trigger, due: 100, now: year, policy: "all", lateness: 0, maxRuns: 3 })
    expect(done).toEqual({
      runs: [year - 200, year - 100, year],
      late: 2,
      leftOut: year / 100 - 3,
      lastLeftOut: year - 300,
      next: year + 100
    })
  })

  it("counts what is left out of cron up to a bound", () => {
    const trigger: Trigger = { kind: "cron", expression: "* * * * * *", timeZone: "UTC", start: 0 }
    const few = plan({ trigger, due: 1000, now: 60_000, policy: "skip", lateness: 999 })
    expect(few).toMatchObject({ runs: [60_000], leftOut: 59, next: 61_000 })
    expect(plan({ trigger, due: 1000, now: HOUR, policy: "skip", lateness: 999 }).leftOut).toBe(COUNTED)
  })
})

describe("a plan", () => {
  const triggers: fc.Arbitrary<Trigger> = fc.oneof(
    fc
      .record({
        every: fc.integer({ min: 100, max: 20_000 }),
        end: fc.option(fc.integer({ min: 50_000, max: 200_000 }))
      })
      .map(({ every, end }): Trigger => ({ kind: "every", every, start: 7, end: end ?? undefined })),
    fc
      .constantFrom("*/7 * * * * *", "0 * * * * *", "0,1,30 * * * * *")
      .map((expression): Trigger => ({ kind: "cron", expression, timeZone: "UTC", start: 0 })),
    fc.nat(150_000).map((at): Trigger => ({ kind: "at", at }))
  )
  const inputs = fc
    .record({
      trigger: triggers,
      policy: fc.constantFrom<CatchUp>("skip", "once", "all"),
      from: fc.nat(100_000),
      now: fc.nat(200_000),
      lateness: fc.nat(30_000),
      maxRuns: fc.integer({ min: 1, max: 20 }),
      jitter: fc.constantFrom(0, 50, 5000)
    })
    .map(({ from, jitter, ...input }) => {
      const due = nextDue(input.trigger, from) ?? lastDue(input.trigger, from)!
      return { ...input, due, fireAt: (time: number) => fireAtOf("a", input.trigger, time, jitter) }
    })

  it("is what a look at every due time gives", () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { trigger, policy, due, now, lateness, maxRuns, fireAt } = input
        const begun: Array<number> = []
        let next: number | undefined = due
        for (; next !== undefined && fireAt(next) <= now; next = nextDue(trigger, next)) begun.push(next)
        const onTime = begun.filter((time) => fireAt(time) >= now - lateness).slice(-maxRuns)
        const missed = begun.filter((time) => fireAt(time) < now - lateness)
        const wanted = policy === "skip" ? [] : policy === "once" ? missed.slice(-1) : missed
        const runs = [...wanted, ...onTime].slice(-maxRuns)
        const leftOut = begun.filter((time) => !runs.includes(time))
        expect(catchUp(input)).toEqual({
          runs,
          late: runs.filter((time) => missed.includes(time)).length,
          leftOut: trigger.kind === "cron" ? Math.min(leftOut.length, COUNTED) : leftOut.length,
          lastLeftOut: leftOut.at(-1),
          next
        })
      }),
      { numRuns: 500 }
    )
  })

  it("runs no due time twice, however the clock jumps", () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.nat(300_000), { maxLength: 12 }), (input, clock) => {
        const ran: Array<number> = []
        let due: number | undefined = input.due
        for (const now of clock) {
          if (due === undefined) break
          const made: CatchUpPlan = catchUp({ ...input, due, now })
          ran.push(...made.runs)
          due = made.next
        }
        expect(ran).toEqual([...new Set(ran)].sort((a, b) => a - b))
      })
    )
  })
})
