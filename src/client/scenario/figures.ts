/** Figures as a report tells them. */
import type { ScenarioFigure } from "../../protocol/report.ts"
import { LatencyHistogram, type LatencySnapshot } from "../metrics/LatencyHistogram.ts"
import type { ConnectionCounts, RunSnapshot } from "../metrics/RunMetrics.ts"
import { countOf } from "../metrics/RunMetrics.ts"

export const lower = (name: string, label: string, unit: string, value: number | null): ScenarioFigure => ({
  ...plain(name, label, unit, value),
  better: "lower"
})

export const higher = (name: string, label: string, unit: string, value: number | null): ScenarioFigure => ({
  ...plain(name, label, unit, value),
  better: "higher"
})

/** One of which neither is better. */
export const plain = (name: string, label: string, unit: string, value: number | null): ScenarioFigure => ({
  name,
  label,
  unit,
  value
})

/** Percentiles of what was recorded; null where nothing was, or where it cannot be read. */
export const percentiles = (snapshot: LatencySnapshot | undefined) => {
  const histogram = new LatencyHistogram()
  const isEmpty = snapshot === undefined || histogram.add(snapshot) !== undefined || histogram.count === 0
  const at = (percent: number) => (isEmpty ? null : histogram.percentile(percent))
  return { p50: at(50), p99: at(99), max: isEmpty ? null : at(100) }
}

/** Connections that were open and are not any more, where the client itself ends none. */
export const endedEarly = ({ opened, active }: ConnectionCounts): number => Math.max(0, opened - active)

/** A connection that shall be held has to stay. */
export const endedMissed = (connections: ConnectionCounts): ReadonlyArray<string> => {
  const ended = endedEarly(connections)
  return ended === 0 ? [] : [`${ended} connections ended that were to be held`]
}

/** How connections came about. */
export const setupFigures = (
  { connections, setupTime, firstAttemptAt, lastOpenAt }: RunSnapshot,
  total: number
): ReadonlyArray<ScenarioFigure> => {
  const { p50, p99, max } = percentiles(setupTime)
  const opened = connections.opened - connections.reconnects
  const allOpenMs =
    firstAttemptAt === null || lastOpenAt === null || opened < total ? null : lastOpenAt - firstAttemptAt
  return [
    higher("opened", "opened", "connections", opened),
    lower("failed", "errors", "", countOf(connections.errors)),
    lower("allOpen", "until all were open", "ms", allOpenMs),
    lower("setupP50", "set-up time, median", "ms", p50),
    lower("setupP99", "set-up time, 99th percentile", "ms", p99),
    lower("setupMax", "set-up time, longest", "ms", max)
  ]
}
