/** Figures of several processes, and of several lives of one, as if one process had measured them. */
import { addBroadcasts } from "./Broadcasts.ts"
import { addCounts } from "./counts.ts"
import { addLatencies, type BadHistogram } from "./LatencyHistogram.ts"
import { addRates } from "./Meter.ts"
import type { ConnectionCounts, RunSnapshot } from "./RunMetrics.ts"
import { addScenarios } from "./ScenarioMetrics.ts"

/** Several processes' snapshots as one. */
export const addSnapshots = (all: ReadonlyArray<RunSnapshot>): RunSnapshot | BadHistogram => {
  const setupTime = addLatencies(all.map((snapshot) => snapshot.setupTime))
  const latency = addLatencies(all.map((snapshot) => snapshot.latency))
  if ("kind" in setupTime) return setupTime
  if ("kind" in latency) return latency
  const scenario = addScenarios(all.flatMap(({ scenario }) => (scenario === undefined ? [] : [scenario])))
  if (scenario !== undefined && "kind" in scenario) return scenario
  return {
    connections: addConnections(all.map(({ connections }) => connections)),
    setupRates: addRates(all.map(({ setupRates }) => setupRates)),
    setupTime,
    firstAttemptAt: extreme(
      Math.min,
      all.map(({ firstAttemptAt }) => firstAttemptAt)
    ),
    lastOpenAt: extreme(
      Math.max,
      all.map(({ lastOpenAt }) => lastOpenAt)
    ),
    messageRates: addRates(all.map(({ messageRates }) => messageRates)),
    latency,
    broadcasts: addBroadcasts(all.map(({ broadcasts }) => broadcasts)),
    series: all.flatMap(({ series }) => series),
    ...(scenario === undefined ? {} : { scenario })
  }
}

export const addConnections = (all: ReadonlyArray<ConnectionCounts>): ConnectionCounts => {
  const sum = (of: (counts: ConnectionCounts) => number): number =>
    all.reduce((total, each) => total + of(each), 0)
  return {
    attempted: sum((each) => each.attempted),
    opened: sum((each) => each.opened),
    active: sum((each) => each.active),
    reconnects: sum((each) => each.reconnects),
    waiting: sum((each) => each.waiting),
    closed: sum((each) => each.closed),
    closedByCode: addCounts(all.map(({ closedByCode }) => closedByCode)),
    errors: addCounts(all.map(({ errors }) => errors))
  }
}

const extreme = (
  of: (...values: Array<number>) => number,
  values: ReadonlyArray<number | null>
): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : of(...known)
}
