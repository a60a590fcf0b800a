import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  HIGHEST_MS,
  LatencyHistogram,
  MAX_ENCODED_LENGTH
} from "../../../../src/client/metrics/LatencyHistogram.ts"

const of = (values: ReadonlyArray<number>): LatencyHistogram => {
  const histogram = new LatencyHistogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe("the latency histogram", () => {
  it("is empty at first: a count of 0 and no figures", () => {
    const { count, ...figures } = new LatencyHistogram().summary()
    expect(count).toBe(0)
    expect(new Set(Object.values(figures))).toEqual(new Set([null]))
    expect(Object.keys(figures)).toHaveLength(11)
  })

  it("knows the percentiles of 1 to 1000 ms to a thousandth, and min, max and mean exactly", () => {
    const summary = of(Array.from({ length: 1_000 }, (_, i) => i + 1)).summary()
    expect(summary).toMatchObject({ count: 1_000, min: 1, max: 1_000, mean: 500.5 })
    const expected = { p50: 500, p75: 750, p90: 900, p95: 950, p98: 980, p99: 990, p999: 999 }
    for (const [name, value] of Object.entries(expected)) {
      const found = summary[name as keyof typeof expected]!
      expect(Math.abs(found - value) / value).toBeLessThanOrEqual(0.001)
    }
    expect(summary.stddev! / 288.675).toBeCloseTo(1, 2)
  })

  it("tells microseconds apart and reaches over an hour's width", () => {
    expect(of([0.001]).summary()).toMatchObject({ min: 0.001, p50: 0.001, max: 0.001 })
    expect(of([0.123, 0.124, 0.125]).percentile(50)).toBe(0.124)
    expect(of([HIGHEST_MS]).summary()).toMatchObject({ p50: HIGHEST_MS, max: HIGHEST_MS })
  })

  it("counts what lies outside its range and records it as the nearer end", () => {
    const histogram = of([-5, HIGHEST_MS + 1, 2])
    expect(histogram.clamped).toBe(2)
    expect(histogram.summary()).toMatchObject({ count: 3, min: 0, p50: 2, max: HIGHEST_MS })
  })

  it("no percentile is over the maximum", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1 }), (values) => {
        const { p50, p99, p999, max, min } = of(values).summary()
        expect(p999).toBeLessThanOrEqual(max!)
        expect(p99).toBeLessThanOrEqual(p999!)
        expect(p50).toBeLessThanOrEqual(p99!)
        expect(min).toBeLessThanOrEqual(max!)
      })
    )
  })

  it("snapshots of any parts add up to what recording all into one gives", () => {
    const latencies = fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { maxLength: 50 })
    fc.assert(
      fc.property(fc.array(latencies, { maxLength: 5 }), (parts) => {
        const sum = new LatencyHistogram()
        for (const part of parts) {
          expect(sum.add(JSON.parse(JSON.stringify(of(part).snapshot())))).toBeUndefined()
        }
        const { mean, ...rest } = of(parts.flat()).summary()
        const { mean: meanOfSum, ...restOfSum } = sum.summary()
        expect(restOfSum).toEqual(rest)
        if (mean === null) expect(meanOfSum).toBeNull()
        else expect(meanOfSum).toBeCloseTo(mean, 2)
      }),
      { numRuns: 40 }
    )
  })

  it.each([
    ["not base64 of anything", "§§§§"],
    ["of another format", Buffer.from("hello hello hello").toString("base64")],
    ["longer than MAX_ENCODED_LENGTH", "A".repeat(MAX_ENCODED_LENGTH + 1)]
  ])("counts that are %s are refused as a value and change nothing", (_, counts) => {
    const histogram = of([1, 2, 3])
    const before = histogram.summary()
    expect(histogram.add({ counts, min: 0, max: 9, sum: 9, clamped: 1 })).toMatchObject({
      kind: "badHistogram"
    })
    expect(histogram.summary()).toEqual(before)
    expect(histogram.clamped).toBe(0)
  })
})
