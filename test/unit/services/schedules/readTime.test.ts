import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { LAST_TIME, readDuration, readTime } from "../../../../src/services/schedules/readTime.ts"

const problemOf = (read: Result.Result<number, string>) => (Result.isFailure(read) ? read.failure : undefined)

describe("a time", () => {
  const table: ReadonlyArray<readonly [string | number, number]> = [
    ["2026-03-29T09:00:00+02:00", Date.UTC(2026, 2, 29, 7)],
    ["2026-03-29T09:00Z", Date.UTC(2026, 2, 29, 9)],
    ["2026-03-29 09:00:01z", Date.UTC(2026, 2, 29, 9, 0, 1)],
    ["2026-03-29t09:00:00.5-0330", Date.UTC(2026, 2, 29, 12, 30, 0, 500)],
    ["2026-03-29T09:00:00,123456789+01", Date.UTC(2026, 2, 29, 8, 0, 0, 123)],
    ["2028-02-29T23:59:59.999Z", Date.UTC(2028, 1, 29, 23, 59, 59, 999)],
    ["9999-12-31T23:59:59.999Z", LAST_TIME],
    ["1970-01-01T00:00:00Z", 0],
    [1_774_746_000_000, 1_774_746_000_000],
    [0, 0]
  ]
  it.each(table)("%j is %i", (value, time) => {
    expect(readTime(value)).toEqual(Result.succeed(time))
  })

  it.each([
    ["2026-03-29T09:00:00", /local time/],
    ["2026-03-29 09:00", /local time/],
    ["2026-02-30T00:00:00Z", /no time/],
    ["2026-02-29T00:00:00Z", /no time/],
    ["2026-13-01T00:00:00Z", /no time/],
    ["2026-00-01T00:00:00Z", /no time/],
    ["2026-01-00T00:00:00Z", /no time/],
    ["2026-01-01T24:00:00Z", /no time/],
    ["2026-01-01T00:60:00Z", /no time/],
    ["2026-06-30T23:59:60Z", /no time/],
    ["2026-01-01T00:00:00+24:00", /no time/],
    ["2026-01-01T00:00:00+01:60", /no time/],
    ["10000-01-01T00:00:00Z", /expected/],
    ["+012026-01-01T00:00:00Z", /expected/],
    ["9999-12-31T23:59:59-01:00", /9999/],
    ["1969-12-31T23:59:59Z", /1970/],
    ["0000-01-01T00:00:00Z", /1970/],
    ["2026-03-29", /expected/],
    ["tomorrow", /expected/],
    ["1774746000000", /expected/],
    ["", /expected/],
    ["2026-01-01T00:00:00Z\n", /expected/],
    [1.5, /expected/],
    [Number.NaN, /expected/],
    [-1, /1970/],
    [LAST_TIME + 1, /9999/],
    [null, /expected/],
    [{}, /expected/],
    [true, /expected/]
  ])("%j is none", (value, problem) => {
    expect(problemOf(readTime(value))).toMatch(problem)
  })

  it("is itself, written in any offset", () => {
    const offset = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 })
    const time = fc.integer({ min: 86_400_000, max: LAST_TIME - 86_400_000 })
    fc.assert(
      fc.property(time, offset, (ms, minutes) => {
        const [sign, size] = [minutes < 0 ? "-" : "+", Math.abs(minutes)]
        const clock = [Math.floor(size / 60), size % 60]
          .map((part) => String(part).padStart(2, "0"))
          .join(":")
        const local = new Date(ms + minutes * 60_000).toISOString().replace("Z", `${sign}${clock}`)
        expect(readTime(local)).toEqual(Result.succeed(ms))
      })
    )
  })
})

describe("a duration", () => {
  it.each([
    ["10 minutes", 600_000],
    ["1.5 s", 1500],
    ["250", 250],
    [250, 250],
    [0, 0]
  ])("%j is %i ms", (value, ms) => {
    expect(readDuration(value)).toEqual(Result.succeed(ms))
  })

  it.each(["soon", "", "-1 s", -1, Number.NaN, Number.POSITIVE_INFINITY, null, {}, 0.5, "0.0005 s"])(
    "%j is none",
    (value) => {
      expect(Result.isFailure(readDuration(value))).toBe(true)
    }
  )
})
