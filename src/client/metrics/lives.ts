/** Figures of a process that does not answer, or not any more: from what it told last. */
import type { Rates } from "./Meter.ts"
import { type RunCounts, RunMetrics, type RunSnapshot, sumsOf } from "./RunMetrics.ts"
import { addSeries, endedSeries, toldSince } from "./seriesSums.ts"

/**
 * The newest that is known: counts are told more often than snapshots. Latencies and broadcasts are those of the snapshot; without one
 * there are none. Over time, what only the counts tell happened when they came.
 * @param startedAt of the run, in epoch milliseconds
 * @param heardAt when the counts came, in epoch milliseconds
 */
export const asKnown = (
  snapshot: RunSnapshot | undefined,
  counts: RunCounts,
  startedAt: number,
  heardAt: number
): RunSnapshot => {
  const { connections, firstAttemptAt, lastOpenAt, messages } = counts
  const known = snapshot ?? new RunMetrics(startedAt).snapshot(startedAt)
  const sums = sumsOf(connections, messages)
  return {
    ...known,
    connections,
    firstAttemptAt,
    lastOpenAt,
    setupRates: { ...known.setupRates, count: connections.opened },
    messageRates: { ...known.messageRates, count: messages },
    series: [toldSince(addSeries(known.series), sums, connections.active, heardAt - startedAt)]
  }
}

/**
 * The same after the process died: its connections were cut, and nothing happens any more.
 * @param diedMs since the start of the run
 */
export const asDied = (snapshot: RunSnapshot, diedMs: number): RunSnapshot => {
  const { connections, messageRates } = snapshot
  const { active, closed, closedByCode } = connections
  const cut = active === 0 ? {} : { 1006: (closedByCode[1006] ?? 0) + active }
  return {
    ...snapshot,
    connections: {
      ...connections,
      active: 0,
      waiting: 0,
      closed: closed + active,
      closedByCode: { ...closedByCode, ...cut }
    },
    setupRates: stopped(snapshot.setupRates),
    messageRates: stopped(messageRates),
    series: [endedSeries(addSeries(snapshot.series), active, diedMs)]
  }
}

const stopped = ({ count }: Rates): Rates => ({
  count,
  mean: 0,
  oneMinute: 0,
  fiveMinutes: 0,
  fifteenMinutes: 0
})

/** Rates of several processes' sum, whose means are over different times: over the whole run again. */
export const withMeans = (snapshot: RunSnapshot, seconds: number): RunSnapshot => {
  const over = (rates: Rates): Rates => ({ ...rates, mean: seconds > 0 ? rates.count / seconds : 0 })
  return {
    ...snapshot,
    setupRates: over(snapshot.setupRates),
    messageRates: over(snapshot.messageRates)
  }
}
