import { expect, it } from "vitest"
import { clock, short, withUnit } from "../../../src/client/numbers.ts"

it("numbers have three digits that mean something, or all before the point", () => {
  expect([0, 1.234, 12.345, 123.45, 1_234_567.8].map(short)).toEqual([
    ...["0.00", "1.23", "12.3", "123", "1,234,568"]
  ])
})

it("a figure has its unit, a whole one no digits behind the point, an unknown one a dash", () => {
  expect(withUnit(7, "ms")).toBe("7 ms")
  expect(withUnit(7.5, "")).toBe("7.50")
  expect(withUnit(null, "ms")).toBe("–")
})

it("what did not reach everyone never shows as all", () => {
  const shares = [100, 99.5, 99.95, 99.999994, (999_999 / 1_000_000) * 100, 50, 0]
  expect(shares.map((share) => withUnit(share, "%"))).toEqual([
    ...["100 %", "99.5 %", "99.95 %", "99.999994 %", "99.9999 %", "50 %", "0 %"]
  ])
})

it("times are minutes and seconds, with hours where there are any", () => {
  expect([0, 59_999, 61_000, 3_725_000, -5].map(clock)).toEqual(["0:00", "1:00", "1:01", "1:02:05", "0:00"])
})
