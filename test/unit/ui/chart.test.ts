import { expect, describe as group, it } from "vitest"
import { alone, decades, fromZero } from "../../../src/ui/parts/chartScale.ts"
import { describe, newest, tableRows } from "../../../src/ui/parts/chartText.ts"

group("what a chart says", () => {
  const series = [
    { label: "Opened", values: [3, null, 1, null], tone: 1 },
    { label: "Closed", values: [null, null, null, null], tone: 2 }
  ]

  it("has the newest, lowest and highest value of each line, gaps left out", () => {
    expect(describe(series, (value) => `${value}/s`)).toBe(
      "Opened: newest 1/s, lowest 1/s, highest 3/s; Closed: nothing yet"
    )
    expect(newest([1, 2, null])).toBe(2)
    expect(newest([])).toBeNull()
  })

  it("tells zero from nothing", () => {
    expect(newest([5, 0])).toBe(0)
    expect(describe([{ label: "Drops", values: [0], tone: 1 }], String)).toContain("newest 0")
  })

  it("has rows for the table that are spread over all of the time, newest first", () => {
    expect(tableRows(101)).toEqual([100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0])
    expect(tableRows(3)).toEqual([2, 1, 0])
    expect(tableRows(1)).toEqual([0])
    expect(tableRows(0)).toEqual([])
  })
})

group("values between gaps", () => {
  it("are points, as no line leads to them", () => {
    expect(alone([1, null, 0, null, 3, 4, null, 5])).toEqual([0, 2, 7])
    expect(alone([1, 2, 3])).toEqual([])
    expect(alone([7])).toEqual([0])
    expect(alone([null, undefined])).toEqual([])
  })
})

group("axes", () => {
  it("begin at zero and have room above", () => {
    const [low, high] = fromZero(100)
    expect(low).toBe(0)
    expect(high).toBeGreaterThan(100)
    expect(fromZero(0)).toEqual([0, 1])
    expect(fromZero(null)).toEqual([0, 1])
    expect(fromZero(0.2)[1]).toBeLessThan(1)
    expect(fromZero(0.2, true)).toEqual([0, 1])
    expect(fromZero(100, true)).toEqual(fromZero(100))
  })

  it("have whole decades where they are logarithmic", () => {
    expect(decades(0.3, 42)).toEqual([0.1, 100])
    expect(decades(10, 10)).toEqual([10, 100])
    expect(decades(null, null)).toEqual([1, 10])
  })
})
