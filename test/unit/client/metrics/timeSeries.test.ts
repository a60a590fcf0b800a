import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { addManyRecorded, addRecorded } from "../../../../src/client/metrics/intervals.ts"
import { asDied, asKnown } from "../../../../src/client/metrics/lives.ts"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { addSeries, knownUpTo, withNews } from "../../../../src/client/metrics/seriesSums.ts"
import type { SeriesSnapshot } from "../../../../src/client/metrics/TimeSeries.ts"
import { seriesReport } from "../../../../src/client/report/seriesReport.ts"
import { MAX_POINTS } from "../../../../src/protocol/report.ts"

const START = 1_700_000_000_000
const at = (seconds: number) => START + seconds * 1_000

const seriesOf = (metrics: RunMetrics, seconds: number, fromMs = 0): SeriesSnapshot =>
  metrics.snapshot(at(seconds), fromMs).series[0]!

/** Hears a broadcast that was sent `ms` before. */
const hear = (metrics: RunMetrics, seconds: number, ms: number) =>
  metrics.heard(at(seconds), Buffer.from(String(at(seconds) - ms)), 0)

const sum = (values: ReadonlyArray<number>) => values.reduce((total, value) => total + value, 0)

describe("the series of a run", () => {
  it("has each event in the second in which it happened", () => {
    const metrics = new RunMetrics(START)
    metrics.opened(at(0.1), 5)
    metrics.opened(at(0.999), 5)
    metrics.opened(at(1), 5)
    hear(metrics, 1.5, 8)
    hear(metrics, 1.6, 4)
    metrics.heard(at(1.7), Buffer.from("no stamp"), 0)
    metrics.failed(at(3.2), "reset", true)
    metrics.failed(at(3.3), "connectTimeout", false)
    metrics.closed(at(4.5), 1000)
    const { p50, p90, p99, max, ...series } = seriesReport([seriesOf(metrics, 5.25)], 5_250)
    expect(series).toEqual({
      intervalMs: 1_000,
      endMs: [1_000, 2_000, 3_000, 4_000, 5_000, 5_250],
      active: [2, 3, 3, 2, 1, 1],
      opened: [2, 1, 0, 0, 0, 0],
      closed: [0, 0, 0, 0, 1, 0],
      errors: [0, 0, 0, 2, 0, 0],
      messages: [0, 3, 0, 0, 0, 0]
    })
    expect(max).toEqual([null, 8, null, null, null, null])
    for (const [i, list] of [p50, p90, p99].entries()) {
      expect(list[0]).toBeNull()
      expect(Math.abs(list[1]! - [4, 8, 8][i]!)).toBeLessThanOrEqual(0.08)
    }
  })

  it("counts what happened at the very end to the interval before, as one without a length has no rates", () => {
    const metrics = new RunMetrics(START)
    metrics.opened(at(0.5), 5)
    metrics.opened(at(2), 5)
    expect(seriesReport([seriesOf(metrics, 2)], 2_000)).toMatchObject({
      ...{ endMs: [1_000, 2_000], opened: [1, 1], active: [1, 2] }
    })
    expect(seriesReport([seriesOf(new RunMetrics(START), 0)], 0)).toMatchObject({ endMs: [0], active: [0] })
  })

  it("is read as often as one likes, without a change of what it tells", () => {
    const [once, often] = [new RunMetrics(START), new RunMetrics(START)]
    for (let i = 0; i < 40; i++) {
      for (const metrics of [once, often]) hear(metrics, i / 8, i % 7)
      often.glance()
      seriesOf(often, i / 8)
    }
    expect(seriesOf(often, 5)).toEqual(seriesOf(once, 5))
    expect(often.snapshot(at(5)).latency).toEqual(once.snapshot(at(5)).latency)
  })

  it("is never longer than its bound: intervals become twice as long, and lose nothing", () => {
    const metrics = new RunMetrics(START)
    const seconds = 4 * MAX_POINTS + 7
    for (let i = 0; i < seconds; i++) {
      metrics.opened(at(i + 0.5), 5)
      hear(metrics, i + 0.75, (i % 5) + 1)
      if (i % 25 !== 0) continue
      const { intervalMs, intervals } = seriesOf(metrics, i + 0.9)
      expect(intervals.length).toBeLessThanOrEqual(MAX_POINTS)
      expect(intervalMs).toBe(i < 600 ? 1_000 : i < 1_200 ? 2_000 : i < 2_400 ? 4_000 : 8_000)
    }
    const series = seriesReport([seriesOf(metrics, seconds)], seconds * 1_000)
    expect([sum(series.opened), sum(series.messages)]).toEqual([seconds, seconds])
    expect(series.opened.slice(0, -1).every((opened) => opened === 8)).toBe(true)
    expect(series.active).toEqual(series.endMs.map((_, i) => Math.min(seconds, (i + 1) * 8)))
    expect(series.max.slice(0, 3)).toEqual([5, 5, 5])
    expect(series.endMs.at(-1)).toBe(seconds * 1_000)
  })

  it("becomes wider at the very moment at which there would be one interval too many", () => {
    expect(seriesOf(new RunMetrics(START), MAX_POINTS - 0.001).intervals).toHaveLength(MAX_POINTS)
    const { intervalMs, intervals } = seriesOf(new RunMetrics(START), MAX_POINTS)
    expect([intervalMs, intervals.length]).toEqual([2_000, MAX_POINTS / 2 + 1])
  })

  it("of a client that slept for a day goes on at once", () => {
    const metrics = new RunMetrics(START)
    metrics.opened(at(1), 5)
    metrics.opened(at(86_400), 5)
    const { intervalMs, intervals } = seriesOf(metrics, 86_401)
    expect(intervalMs).toBe(256_000)
    expect(intervals.length).toBeLessThanOrEqual(MAX_POINTS)
    expect([intervals[0]?.opened, intervals.at(-1)?.opened]).toEqual([1, 1])
  })
})

describe("series of several processes", () => {
  it("add up, whatever the width of their intervals", () => {
    const [one, other] = [new RunMetrics(START), new RunMetrics(START)]
    one.opened(at(0.5), 5)
    hear(one, 2.5, 10)
    other.opened(at(1.5), 5)
    hear(other, 2.6, 30)
    hear(other, 700, 1)
    const series = seriesReport([seriesOf(one, 599), seriesOf(other, 701)], 0)
    expect(series.intervalMs).toBe(2_000)
    expect(series.opened.slice(0, 2)).toEqual([2, 0])
    expect(series.messages.slice(0, 2)).toEqual([0, 2])
    expect(series.max.slice(0, 3)).toEqual([null, 30, null])
    // The first was asked earlier: what it had open is open still.
    expect([series.active[0], series.active[340], series.active.at(-1)]).toEqual([2, 2, 2])
    expect(series.endMs.at(-1)).toBe(701_000)
  })

  it("of which there is none are one in which nothing happened", () => {
    expect(seriesReport([], 0)).toMatchObject({ endMs: [0], active: [0], p99: [null] })
  })

  it("end with the run, also where all of them told of less", () => {
    const metrics = new RunMetrics(START)
    metrics.opened(at(0.5), 5)
    hear(metrics, 0.75, 5)
    const died = asDied(metrics.snapshot(at(1.5)), 1_700)
    for (const [all, active] of [
      [[seriesOf(metrics, 1.5)], 1],
      [died.series, 0],
      [[], 0]
    ] as const) {
      const series = seriesReport(all, 4_250)
      expect(series.endMs).toEqual([1_000, 2_000, 3_000, 4_000, 4_250])
      expect(series.active.slice(1)).toEqual([active, active, active, active])
      expect(series.p99.slice(1)).toEqual([null, null, null, null])
    }
    const { intervalMs, endMs } = seriesReport([seriesOf(metrics, 1.5)], MAX_POINTS * 1_000)
    expect([intervalMs, endMs.at(-1)]).toEqual([2_000, MAX_POINTS * 1_000])
  })

  it("are put together of news, also when intervals became wider meanwhile", () => {
    const metrics = new RunMetrics(START)
    let known: SeriesSnapshot | undefined
    for (const seconds of [0.5, 3.25, 3.5, 10, 598.5, 601, 601.5, 1_300]) {
      hear(metrics, seconds - 0.25, 2)
      metrics.opened(at(seconds), 5)
      known = withNews(known, JSON.parse(JSON.stringify(seriesOf(metrics, seconds, knownUpTo(known)))))
      expect(known).toEqual(seriesOf(metrics, seconds))
    }
    expect(sum(known!.intervals.map(({ messages }) => messages))).toBe(8)
  })

  it("tell only what is new, once they are known", () => {
    const metrics = new RunMetrics(START)
    metrics.opened(at(0.5), 5)
    const known = seriesOf(metrics, 100.5)
    const news = seriesOf(metrics, 103.5, knownUpTo(known))
    expect([news.from, news.intervals.length]).toEqual([100, 4])
  })
})

describe("the series of a process that died", () => {
  it("has its connections closed at the moment, and all that it had counted when it told so", () => {
    const metrics = new RunMetrics(START)
    for (let i = 0; i < 3; i++) metrics.opened(at(0.5), 5)
    const snapshot = metrics.snapshot(at(2.5))
    metrics.opened(at(2.75), 5)
    hear(metrics, 2.8, 5)
    const died = asDied(asKnown(snapshot, metrics.counts(), START, at(4.2)), 6_100)
    const { active, opened, closed, messages } = seriesReport(died.series, 0)
    expect(active).toEqual([3, 3, 3, 3, 4, 4, 0])
    expect(opened).toEqual([3, 0, 0, 0, 1, 0, 0])
    expect(closed).toEqual([0, 0, 0, 0, 0, 0, 4])
    expect(messages).toEqual([0, 0, 0, 0, 1, 0, 0])
  })

  it("adds nothing to those of the life after it", () => {
    const before = new RunMetrics(START)
    before.opened(at(0.5), 5)
    const died = asDied(before.snapshot(at(1)), 1_500)
    const after = new RunMetrics(START)
    after.opened(at(4.5), 5)
    expect(seriesReport([...died.series, seriesOf(after, 5.5)], 5_500).active).toEqual([1, 0, 0, 0, 1, 1])
  })
})

const recorded = fc
  .uniqueArray(fc.tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 })), {
    selector: ([value]) => value
  })
  .map((pairs) => pairs.sort(([a], [b]) => a - b).flat())

it("lists of recorded values add up to what one list of both has", () => {
  fc.assert(
    fc.property(recorded, recorded, recorded, (one, other, third) => {
      const values = (...lists: ReadonlyArray<ReadonlyArray<number>>) =>
        lists.flatMap((list) =>
          list.flatMap((value, i) => (i % 2 === 0 ? Array.from({ length: list[i + 1]! }, () => value) : []))
        )
      const ascending = (list: ReadonlyArray<number>) => [...list].sort((a, b) => a - b)
      const sum = addRecorded(one, other)
      expect(values(sum)).toEqual(ascending(values(one, other)))
      expect(sum.filter((_, i) => i % 2 === 0)).toEqual([...new Set(values(sum))])
      expect(addManyRecorded([one, other, [], third])).toEqual(addRecorded(sum, third))
      expect(addManyRecorded([])).toEqual([])
    })
  )
})

it("sums over series do not depend on their order", () => {
  const processes = [1, 2, 3].map((n) => {
    const metrics = new RunMetrics(START)
    for (let i = 0; i < n * 5; i++) hear(metrics, (i * n) / 4, i + 0.5)
    return seriesOf(metrics, 20 + n)
  })
  expect(addSeries([...processes].reverse())).toEqual(addSeries(processes))
})
