import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Curve } from "../../../src/capacity/simulation/Curve.ts"

describe("a curve", () => {
  it("tells when it had happened to a share, evenly between two times", () => {
    const curve = new Curve(1000, 1)
    curve.add(100, 200, 1000)
    expect([0.1, 0.5, 0.9, 1].map((share) => Math.round(curve.quantile(share)))).toEqual([110, 150, 190, 200])
    expect([0, 100, 150, 200, 5000].map((ms) => Math.round(curve.by(ms)))).toEqual([0, 0, 500, 1000, 1000])
  })

  it("tells it of more than those to whom it happened, and never where it did not", () => {
    const curve = new Curve(1000, 1)
    curve.add(0, 100, 500)
    expect(curve.quantile(0.25, 1000)).toBeCloseTo(50, 0)
    expect([0.5, 0.51, 1].map((share) => curve.quantile(share, 1000))).toEqual([100, Number.NaN, Number.NaN])
  })

  it("adds up what overlaps", () => {
    const curve = new Curve(1000, 1)
    curve.add(0, 100, 100)
    curve.add(50, 150, 100)
    expect(curve.by(100)).toBeCloseTo(150, 6)
    expect(curve.quantile(0.5)).toBeCloseTo(75, 0)
  })

  it("knows of nothing when nothing happened", () => {
    const curve = new Curve(10, 1)
    curve.add(5, 6, 0)
    expect([curve.total, curve.last, curve.quantile(0.5)]).toEqual([0, 0, Number.NaN])
  })

  it("counts each once, whatever the times", () => {
    const time = fc.double({ min: 0, max: 3000, noNaN: true })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(time, time, fc.integer({ min: 1, max: 1000 })), { minLength: 1 }),
        (all) => {
          const curve = new Curve(1000, 7)
          for (const [a, b, count] of all) curve.add(Math.min(a, b), Math.max(a, b), count)
          const total = all.reduce((sum, [, , count]) => sum + count, 0)
          expect(curve.total).toBe(total)
          expect(curve.by(1e9)).toBeCloseTo(total, 5)
          expect(curve.last).toBe(Math.max(...all.map(([a, b]) => Math.max(a, b))))
          expect(curve.quantile(0.5)).toBeLessThanOrEqual(curve.quantile(0.9))
          expect(curve.quantile(0.9)).toBeLessThanOrEqual(curve.last)
        }
      )
    )
  })
})
