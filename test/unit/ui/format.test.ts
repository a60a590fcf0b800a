import { describe, expect, it } from "vitest"
import * as format from "../../../src/ui/parts/format.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe("figures as people read them", () => {
  it("separates thousands", () => {
    expect(format.count(1_234_567)).toBe("1,234,567")
    expect(format.count(0)).toBe("0")
    expect(format.plural(1, "connection")).toBe("1 connection")
    expect(format.plural(1_200, "connection")).toBe("1,200 connections")
    expect(format.plural(2, "entry", "entries")).toBe("2 entries")
  })

  it("says that there is no value", () => {
    for (const none of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(format.count(none)).toBe("–")
      expect(format.bytes(none)).toBe("–")
      expect(format.milliseconds(none)).toBe("–")
      expect(format.perSecond(none)).toBe("–")
      expect(format.percent(none)).toBe("–")
      expect(format.moment(none)).toBe("–")
    }
  })

  it("is short at axes, and changes the unit where rounding would reach the next", () => {
    expect(format.compact(1_234_567)).toBe("1.23M")
    expect(format.compact(2_500)).toBe("2.5k")
    expect(format.compact(999.4)).toBe("999")
    expect(format.compact(999_900)).toBe("1M")
    expect(format.compact(0.25)).toBe("0.25")
    expect(format.compact(0)).toBe("0")
  })

  it("has sizes in powers of 1024", () => {
    expect(format.bytes(0)).toBe("0 B")
    expect(format.bytes(1_023)).toBe("1,023 B")
    expect(format.bytes(1_024)).toBe("1.00 KiB")
    expect(format.bytes(12_345_678)).toBe("11.8 MiB")
    expect(format.bytes(1024 * 1024 - 1)).toBe("1.00 MiB")
    expect(format.bytes(5_000 * 2 ** 40)).toBe("5,000 TiB")
  })

  it("has times in the unit that fits", () => {
    expect(format.milliseconds(0.4)).toBe("0.40 ms")
    expect(format.milliseconds(9.996)).toBe("10.0 ms")
    expect(format.milliseconds(12.34)).toBe("12.3 ms")
    expect(format.milliseconds(999.7)).toBe("1.00 s")
    expect(format.milliseconds(75_000)).toBe("1 min 15 s")
    expect(format.duration(0)).toBe("0 s")
    expect(format.duration(DAY + 2 * HOUR + 3 * MINUTE)).toBe("1 d 2 h")
    expect(format.duration(HOUR)).toBe("1 h")
    expect(format.duration(59_999)).toBe("59 s")
  })

  it("rates and shares have a decimal where they are small", () => {
    expect(format.perSecond(3.4567)).toBe("3.5/s")
    expect(format.perSecond(2)).toBe("2/s")
    expect(format.perSecond(1_234.5)).toBe("1,235/s")
    expect(format.percent(0.256)).toBe("25.6 %")
    expect(format.percent(1.99)).toBe("199 %")
    expect(format.percent(0)).toBe("0 %")
  })

  it("says how far a time is away", () => {
    expect(format.relative(1_000, 1_500)).toBe("now")
    expect(format.relative(301_000, 1_000)).toBe("in 5 min")
    expect(format.relative(1_000, 4_200)).toBe("3 s ago")
  })

  it("shows local times of day", () => {
    const at = new Date(2026, 2, 9, 4, 3, 7).getTime()
    expect(format.clock(at)).toBe("04:03:07")
    expect(format.minuteOfDay(at)).toBe("04:03")
    expect(format.moment(at)).toBe("2026-03-09 04:03:07")
  })
})
