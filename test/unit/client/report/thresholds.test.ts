import { describe, expect, it } from "vitest"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import type { Thresholds } from "../../../../src/client/report/thresholds.ts"
import { reportOf, START } from "./fixture.ts"

const verdict = (thresholds: Thresholds) => reportOf({ thresholds }).thresholds[0]

describe("thresholds", () => {
  it("that are not set are not judged", () => {
    expect(reportOf().thresholds).toEqual([])
    expect(reportOf({ thresholds: { p99: undefined } }).thresholds).toEqual([])
  })

  it.each([
    ["p99", 7, 7],
    ["p50", 4.001, 4.001],
    ["max", 7, 7],
    ["min", 1, 1],
    ["errors", 2, 2]
  ] as const)("%s is met at %d and missed just below", (name, limit, found) => {
    expect(verdict({ [name]: limit })).toMatchObject({ name, limit, found, met: true })
    expect(verdict({ [name]: limit - 0.01 })).toMatchObject({ name, limit: limit - 0.01, found, met: false })
  })

  it.each([
    ["setupPerSecond", 4, 4],
    ["messagesPerSecond", 1.4, 1.4],
    ["delivered", (6 / 7) * 100, (6 / 7) * 100]
  ] as const)("%s is met at %d and missed just above", (name, limit, found) => {
    expect(verdict({ [name]: limit })).toMatchObject({ name, limit, found, met: true })
    expect(verdict({ [name]: limit + 0.01 })).toMatchObject({ met: false })
  })

  it("each that is set gets a verdict of its own", () => {
    const { thresholds } = reportOf({ thresholds: { delivered: 100, p99: 500, mean: 1 } })
    expect(thresholds.map(({ name, met }) => [name, met])).toEqual([
      ["mean", false],
      ["p99", true],
      ["delivered", false]
    ])
  })

  it("are missed where nothing was measured", () => {
    const nothing = { snapshot: new RunMetrics(START).snapshot(START), now: START }
    const { thresholds } = reportOf({ ...nothing, thresholds: { p99: 500, delivered: 0, errors: 0 } })
    expect(thresholds).toEqual([
      { name: "p99", bound: "most", limit: 500, found: null, met: false },
      { name: "errors", bound: "most", limit: 0, found: 0, met: true },
      { name: "delivered", bound: "least", limit: 0, found: null, met: false }
    ])
  })
})
