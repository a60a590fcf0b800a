/** The series of a report: intervals in columns, with their percentiles. */
import type { Series } from "../../protocol/report.ts"
import { followedBy, type Interval } from "../metrics/intervals.ts"
import { LatencyHistogram, type Percentiles } from "../metrics/LatencyHistogram.ts"
import { INTERVAL_DIGITS } from "../metrics/LatencyRecorder.ts"
import { addSeries } from "../metrics/seriesSums.ts"
import { extendedTo, type SeriesSnapshot } from "../metrics/TimeSeries.ts"

/**
 * @param all of each process its own
 * @param untilMs end of the run, in milliseconds since its start: processes that died, or fell silent, told of less. What they had open at
 * their end still is.
 */
export const seriesReport = (all: ReadonlyArray<SeriesSnapshot>, untilMs: number): Series => {
  const told = addSeries(all)
  const endMs = Math.max(told.endMs, untilMs)
  const { intervalMs, intervals: whole } = extendedTo(told, endMs, told.intervals.at(-1)?.active ?? 0)
  const intervals = withoutEmptyEnd(whole, intervalMs, endMs)
  const percentiles = percentilesOf(intervals)
  const each = (of: (interval: Interval) => number) => intervals.map(of)
  const latency = (of: keyof Percentiles) => percentiles.map((figures) => figures[of])
  return {
    intervalMs,
    endMs: intervals.map((_, i) => rounded(Math.min((i + 1) * intervalMs, Math.max(endMs, i * intervalMs)))),
    active: each(({ active }) => active),
    opened: each(({ opened }) => opened),
    closed: each(({ closed }) => closed),
    errors: each(({ errors }) => errors),
    messages: each(({ messages }) => messages),
    p50: latency("p50"),
    p90: latency("p90"),
    p99: latency("p99"),
    max: latency("max")
  }
}

/** An interval that has just begun has no length and so no rates: what happened in it belongs to the one before. */
const withoutEmptyEnd = (intervals: ReadonlyArray<Interval>, intervalMs: number, endMs: number) => {
  const last = intervals.length - 1
  if (last < 1 || last * intervalMs < endMs) return intervals
  return [...intervals.slice(0, -2), followedBy(intervals[last - 1]!, intervals[last]!)]
}

const percentilesOf = (intervals: ReadonlyArray<Interval>): ReadonlyArray<Percentiles> => {
  const histogram = new LatencyHistogram(INTERVAL_DIGITS)
  return intervals.map(({ latencies, maxMs }) => {
    histogram.reset()
    histogram.addRecorded(latencies, maxMs ?? 0)
    return histogram.percentiles()
  })
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000
