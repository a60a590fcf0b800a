import { describe, expect, it } from "vitest"
import { Broadcasts, JOINING_MS, MAX_BROADCASTS } from "../../../../src/client/metrics/Broadcasts.ts"
import { LatencyHistogram } from "../../../../src/client/metrics/LatencyHistogram.ts"
import { latencySince } from "../../../../src/client/metrics/latencySince.ts"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { addSnapshots } from "../../../../src/client/metrics/snapshotSums.ts"
import { stampAt } from "../../../../src/client/metrics/stamp.ts"

const STAMP = 1_700_000_000_000
const payload = (stamp: number): Buffer => Buffer.from(String(stamp))

describe("latencies since an earlier snapshot", () => {
  const histogram = new LatencyHistogram()
  for (const ms of [1, 2, 500]) histogram.record(ms)
  const before = histogram.snapshot()

  it("are those recorded after it", () => {
    for (const ms of [10, 20, 30]) histogram.record(ms)
    const since = new LatencyHistogram()
    expect(since.add(latencySince(before, histogram.snapshot()))).toBeUndefined()
    const { count, min, max, mean } = since.summary()
    expect([count, mean]).toEqual([3, 20])
    expect(min).toBeCloseTo(10, 1)
    expect(max).toBeCloseTo(30, 1)
  })

  it("are none where nothing came, or a snapshot cannot be read", () => {
    for (const since of [latencySince(before, before), latencySince({ ...before, counts: "x" }, before)]) {
      const none = new LatencyHistogram()
      none.add(since)
      expect(none.summary()).toMatchObject({ count: 0, max: null })
    }
  })
})

describe("a stamp in a message", () => {
  it.each([
    [`{"t":${STAMP}}`, 5],
    [`{"id":12345678901234,"t":${STAMP}}`, 25],
    [String(STAMP), 0],
    [`x${STAMP}`, 1],
    ["{}", -1],
    ["{123456789012}", -1],
    [`{"fill":"${"x".repeat(300)}","t":${STAMP}}`, -1],
    // Its end is further than is looked: it might go on.
    [`${"x".repeat(250)}${STAMP}`, -1]
  ])("of %j begins at %i", (text, at) => {
    const bytes = Buffer.from(text)
    expect(stampAt(bytes, 0, bytes.length)).toBe(at)
  })
})

describe("connections that leave", () => {
  const withTwo = () => {
    const broadcasts = new Broadcasts()
    broadcasts.hear(payload(STAMP), STAMP + 1, 3, 0)
    broadcasts.hear(payload(STAMP + 100), STAMP + 101, 3, 0)
    const expected = () => broadcasts.snapshot().broadcasts.map(({ expected }) => expected)
    return { broadcasts, expected }
  }

  it("are not expected by the broadcasts that they have not heard yet", () => {
    const { broadcasts, expected } = withTwo()
    broadcasts.left(STAMP, 0)
    expect(expected()).toEqual([3, 2])
    broadcasts.left(0, 0)
    expect(expected()).toEqual([2, 1])
    broadcasts.left(STAMP + 100, 0)
    expect(expected()).toEqual([2, 1])
  })

  it("were not expected by those from before they came", () => {
    const { broadcasts, expected } = withTwo()
    broadcasts.left(0, STAMP + 100 - JOINING_MS)
    expect(expected()).toEqual([3, 3])
    broadcasts.left(0, STAMP + 100 - JOINING_MS - 1)
    expect(expected()).toEqual([3, 2])
  })

  it("missed nobody knows how many, where some of that time are folded away", () => {
    const broadcasts = new Broadcasts()
    for (let i = 0; i <= MAX_BROADCASTS + 1; i++) broadcasts.hear(payload(STAMP + i), STAMP + i, 1, 0)
    expect(broadcasts.between(STAMP, STAMP + 10)).toBeNull()
    expect(broadcasts.between(STAMP + 1, STAMP + 10)).toBe(9)
  })

  it("missed the broadcasts between two times", () => {
    const { broadcasts } = withTwo()
    expect([
      broadcasts.between(0, STAMP - 1),
      broadcasts.between(0, STAMP),
      broadcasts.between(STAMP, STAMP + 100),
      broadcasts.between(0, STAMP + 200)
    ]).toEqual([0, 1, 1, 2])
  })
})

describe("connections that do not read", () => {
  it("are expected by no broadcast", () => {
    const metrics = new RunMetrics(0)
    for (let i = 0; i < 3; i++) {
      metrics.attempted(1)
      metrics.opened(2, 1)
    }
    metrics.deafChanged(1)
    metrics.heard(STAMP + 1, payload(STAMP), 2)
    expect(metrics.snapshot(STAMP).broadcasts.broadcasts).toMatchObject([{ expected: 2, received: 1 }])
    expect(metrics.glance().missing).toBe(1)
  })
})

describe("attempts under way", () => {
  it("end when they open, fail, or are given up", () => {
    const metrics = new RunMetrics(0)
    for (let i = 0; i < 4; i++) metrics.attempted(1)
    metrics.opened(2, 1)
    metrics.failed(2, "connectRefused", false)
    metrics.abandoned()
    expect([metrics.glance().opening, metrics.counts().opening]).toEqual([1, 1])
    metrics.failed(3, "reset", true)
    expect(metrics.glance().opening).toBe(1)
  })
})

describe("the figures of scenarios", () => {
  it("are told only where there are some, and add up over processes", () => {
    const metrics = [new RunMetrics(0), new RunMetrics(0), new RunMetrics(0)] as const
    expect(metrics[0].snapshot(1)).not.toHaveProperty("scenario")
    for (const [i, { scenario }] of metrics.slice(0, 2).entries()) {
      scenario.lost()
      scenario.returned(100 * (i + 1), 10)
      scenario.resumed(i === 0, 7)
      scenario.missed(5)
      scenario.stoppedReading()
      scenario.slowEnded("3008")
      scenario.slowHeard()
    }
    metrics[1].scenario.missed(null)
    metrics[1].scenario.duplicate()
    const sum = addSnapshots(metrics.map((each) => each.snapshot(1)))
    if ("kind" in sum) throw new Error(sum.message)
    expect(sum.scenario).toMatchObject({
      ...{ lost: 2, returned: 2, recovered: 1, notRecovered: 1, recoveredPublications: 14 },
      ...{ missed: 10, unknown: 1, duplicates: 1, slow: 2, slowClosed: { 3008: 2 }, slowMessages: 2 },
      awayMs: { min: 100, max: 200 },
      resetupMs: { min: 10, max: 10 }
    })
  })
})
