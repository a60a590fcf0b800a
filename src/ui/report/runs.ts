/** What the charts draw: lines made of one run, or of two to be compared. */
import type { Broadcast, Report, Series as TimeSeries } from "../../protocol/report.ts"
import type { Series } from "../parts/chartText.ts"

export interface NamedReport {
  /** Empty where it is the only one. */
  readonly name: string
  readonly report: Report
}

export interface Lines {
  readonly xs: ReadonlyArray<number>
  readonly series: ReadonlyArray<Series>
}

type Points = ReadonlyArray<readonly [x: number, y: number | null]>

interface Line extends Pick<Series, "label" | "kind"> {
  readonly points: Points
}

/** Colours of theme.css; more lines than these are never in one chart. */
const TONES = 7

/** Lines over all of their xs. One that has none there goes on to its next, and a null in it is a gap. */
const together = (lines: ReadonlyArray<Line>): Lines => {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b)
  const series = lines.map(({ points, ...line }, i) => {
    const ys = new Map(points)
    return { ...line, tone: (i % TONES) + 1, values: xs.map((x) => ys.get(x)) }
  })
  return { xs, series }
}

/** Which line it is, where there are several runs. */
const labelled = (name: string, label: string): string => (name === "" ? label : `${name}: ${label}`)

const linesOf = (runs: ReadonlyArray<NamedReport>, of: (report: Report) => ReadonlyArray<Line>): Lines =>
  together(
    runs.flatMap(({ name, report }) =>
      of(report).map((line) => ({ ...line, label: labelled(name, line.label) }))
    )
  )

/** Values at the ends of the intervals, in seconds. */
const overTime = ({ endMs }: TimeSeries, values: ReadonlyArray<number | null>): Points =>
  endMs.map((ms, i) => [ms / 1_000, values[i] ?? null])

/** Events of the intervals as events a second. The last one may have been cut short: of less than half of it nothing can be told. */
const perSecond = (
  { endMs, intervalMs }: TimeSeries,
  counts: ReadonlyArray<number>
): ReadonlyArray<number | null> =>
  counts.map((count, i) => {
    const ms = endMs[i]! - (endMs[i - 1] ?? 0)
    const tells = i === 0 ? ms > 0 : ms >= intervalMs / 2
    return tells ? (count * 1_000) / ms : null
  })

export const setup = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ series }) => [
    { label: "opened", points: overTime(series, perSecond(series, series.opened)) },
    { label: "errors", points: overTime(series, perSecond(series, series.errors)) }
  ])

/** From the start on, when nothing was open yet. */
export const active = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ series }) => {
    const points = overTime(series, series.active)
    return [{ label: "open", points: points.length === 0 ? [] : [[0, 0], ...points] }]
  })

export const messages = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ series }) => [
    { label: "messages", points: overTime(series, perSecond(series, series.messages)) }
  ])

/** The axis is logarithmic, so that a latency of 0 has no place on it. */
const LEAST_MS = 0.001

export const latency = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ series }) => {
    const all = [
      { label: "50 %", of: series.p50 },
      { label: "90 %", of: series.p90 },
      { label: "99 %", of: series.p99 },
      { label: "highest", of: series.max }
    ]
    // Four lines of each of two runs are more than one can tell apart.
    const shown = runs.length === 1 ? all : all.filter((_, i) => i % 2 === 0)
    return shown.map(({ label, of }) => ({
      label,
      // An interval in which nothing was heard has no latency: the line has a gap there, as a server that is silent has.
      points: overTime(
        series,
        of.map((ms) => (ms === null ? null : Math.max(LEAST_MS, ms)))
      )
    }))
  })

/** Over 1 / (1 − share), so that each digit more of the share has the same room; the highest of all is where its count puts it. */
export const distribution = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ latencyDistribution, latencyMs }) => {
    const below = latencyDistribution.filter(({ percentile }) => percentile < 100)
    const points = below.map(({ percentile, ms }) => [100 / (100 - percentile), ms] as const)
    const end = Math.max(latencyMs.count, ...points.map(([x]) => x))
    const isEmpty = latencyDistribution.length === 0
    return [{ label: "latency", points: isEmpty ? [] : [...points, [end, latencyMs.max]] }]
  })

/** "99.9 %" for 1,000. */
export const percentileText = (x: number): string => `${Number((100 - 100 / x).toFixed(6))} %`

export const broadcasts = (runs: ReadonlyArray<NamedReport>): Lines =>
  linesOf(runs, ({ broadcasts, run }) => {
    const startedAt = Date.parse(run.startedAt)
    const over = (of: (broadcast: Broadcast) => number): Points =>
      broadcasts
        .filter(({ received }) => received > 0)
        .map((broadcast) => [(Number(broadcast.id) - startedAt) / 1_000, of(broadcast)])
    return [
      { label: "last copy", kind: "points", points: over(({ lastMs }) => lastMs) },
      { label: "first copy", kind: "points", points: over(({ firstMs }) => firstMs) }
    ]
  })
