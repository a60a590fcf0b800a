import { describe, expect, it } from "vitest"
import type { Report } from "../../../src/protocol/report.ts"
import {
  active,
  broadcasts,
  distribution,
  latency,
  messages,
  percentileText,
  setup
} from "../../../src/ui/report/runs.ts"
import { reportOf, START } from "../client/report/fixture.ts"

const one = (report: Report) => [{ name: "", report }]
const two = (a: Report, b: Report) => [
  { name: "a", report: a },
  { name: "b", report: b }
]
const withSeries = (series: Partial<Report["series"]>): Report => ({
  ...reportOf(),
  series: { ...reportOf().series, ...series }
})

const short = withSeries({
  ...{
    endMs: [1_000, 1_500],
    active: [4, 4],
    opened: [4, 0],
    closed: [0, 0],
    errors: [1, 0],
    messages: [0, 5]
  },
  ...{ p50: [null, 0], p90: [null, 3], p99: [null, 4], max: [null, 8] }
})

describe("what the charts of a report draw", () => {
  it("is events a second, however long an interval was", () => {
    expect(messages(one(short))).toMatchObject({ xs: [1, 1.5], series: [{ values: [0, 10] }] })
    const { series } = setup(one(short))
    expect(series.map(({ label, values }) => [label, values])).toEqual([
      ["opened", [4, 0]],
      ["errors", [1, 0]]
    ])
  })

  it("is no rate of an interval that ended as it had begun", () => {
    const cut = withSeries({ intervalMs: 1_000, endMs: [400, 1_400, 1_600], messages: [2, 5, 0] })
    expect(messages(one(cut))).toMatchObject({ xs: [0.4, 1.4, 1.6], series: [{ values: [5, 5, null] }] })
  })

  it("is connections from the start on, and nothing where there was no interval", () => {
    expect(active(one(short))).toMatchObject({ xs: [0, 1, 1.5], series: [{ values: [0, 4, 4] }] })
    expect(active(one(withSeries({ endMs: [] })))).toMatchObject({ xs: [], series: [{ values: [] }] })
  })

  it("is latencies with a place for 0 on a logarithmic axis, and a gap where nothing was heard", () => {
    const { xs, series } = latency(one(short))
    expect(xs).toEqual([1, 1.5])
    expect(series.map(({ values }) => values)).toEqual([
      ...[
        [null, 0.001],
        [null, 3],
        [null, 4],
        [null, 8]
      ]
    ])
    const dead = { endMs: [1_000, 2_000, 3_000], p50: [1, null, 1], p90: [2, null, 2], max: [4, null, 4] }
    const [median] = latency(one(withSeries({ ...dead, p99: [3, null, 3] }))).series
    expect(median?.values).toEqual([1, null, 1])
  })

  it("is percentiles with as much room for each digit more, up to the highest of all", () => {
    const report = reportOf()
    const { xs, series } = distribution(one(report))
    expect(xs).toEqual([...xs].sort((a, b) => a - b))
    expect(xs.at(-1)).toBeGreaterThanOrEqual(report.latencyMs.count)
    expect(series[0]?.values.at(-1)).toBe(report.latencyMs.max)
    const many = { ...report, latencyMs: { ...report.latencyMs, count: 1_000_000 } }
    expect(distribution(one(many)).xs.at(-1)).toBe(1_000_000)
    expect(distribution(one({ ...report, latencyDistribution: [] })).xs).toEqual([])
    expect([1, 2, 10, 1_000, 100_000].map(percentileText)).toEqual([
      "0 %",
      "50 %",
      "90 %",
      "99.9 %",
      "99.999 %"
    ])
  })

  it("is broadcasts at the time of their stamps", () => {
    expect(broadcasts(one(reportOf()))).toMatchObject({
      xs: [3, 4],
      series: [
        { label: "last copy", values: [7, 6], kind: "points" },
        { label: "first copy", values: [1, 1], kind: "points" }
      ]
    })
    const unheard = { id: String(START), expected: 3, received: 0, firstMs: 5, lastMs: 5 }
    expect(broadcasts(one({ ...reportOf(), broadcasts: [unheard] })).xs).toEqual([])
  })

  it("of two runs has both on one axis, each with its name and a colour of its own", () => {
    const coarse = withSeries({ endMs: [2_000], active: [9], messages: [4] })
    const { xs, series } = messages(two(short, coarse))
    expect(xs).toEqual([1, 1.5, 2])
    expect(series.map(({ label, values }) => [label, values])).toEqual([
      ["a: messages", [0, 10, undefined]],
      ["b: messages", [undefined, undefined, 2]]
    ])
    const lines = latency(two(short, short)).series
    expect(lines.map(({ label }) => label)).toEqual(["a: 50 %", "a: 99 %", "b: 50 %", "b: 99 %"])
    expect(new Set(lines.map(({ tone }) => tone)).size).toBe(4)
  })
})
