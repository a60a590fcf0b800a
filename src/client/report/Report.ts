/**
 * What a run of the load client found, as plain data: what `--report.json` writes and what the console report prints,
 * both in between and at the end. `buildReport` makes it of a snapshot of the metrics; the owner adds what it knows of
 * the run and of itself. A field, once published, keeps its name and unit.
 */
import type { Broadcast, FoldedBroadcasts } from "../metrics/Broadcasts.ts"
import {
  type BadHistogram,
  LatencyHistogram,
  type LatencySnapshot,
  type LatencySummary
} from "../metrics/LatencyHistogram.ts"
import type { Rates } from "../metrics/Meter.ts"
import type { Counts, RunSnapshot } from "../metrics/RunMetrics.ts"
import type { HostFacts } from "./hostFacts.ts"
import { type ClientLoad, whyUnreliable } from "./reliability.ts"
import { evaluateThresholds, type Thresholds, type Verdict } from "./thresholds.ts"

/** Rates as events per second: over the whole run, and the weighted ones of the last 1, 5 and 15 minutes. */
export interface ReportedRates {
  readonly count: number
  readonly perSecond: number
  readonly oneMinute: number
  readonly fiveMinutes: number
  readonly fifteenMinutes: number
}

export interface Report {
  readonly run: {
    readonly id: string
    /** ISO 8601, as is `endedAt`; of a report in between, `endedAt` is its own time. */
    readonly startedAt: string
    readonly endedAt: string
    readonly durationMs: number
    /** Clarion's version. */
    readonly version: string
  } & HostFacts
  /** The configuration of the run, secrets masked. */
  readonly config: unknown
  readonly connections: {
    readonly attempted: number
    readonly active: number
    /** Connections that had been open, were lost, and came back. */
    readonly reconnects: number
    /** Waiting for their next attempt to come back. */
    readonly waiting: number
    readonly closed: number
    readonly closedByCode: Counts
    readonly errors: Counts
  }
  /**
   * `perSecond` is over the ramp, `rampMs`: from the first attempt to the last opening of a connection that had not been
   * open before. It leaves out those that came back; all other figures count them.
   */
  readonly setup: ReportedRates & { readonly rampMs: number; readonly timeMs: LatencySummary }
  /** `unstamped` of them carried no stamp, and so have no latency and belong to no broadcast. */
  readonly messages: ReportedRates & { readonly unstamped: number }
  readonly latencyMs: LatencySummary
  readonly broadcasts: ReadonlyArray<Broadcast>
  /** The broadcasts before those of `broadcasts`, as one sum. */
  readonly earlierBroadcasts: FoldedBroadcasts
  readonly client: ClientLoad
  readonly reliable: boolean
  readonly unreliableBecause: ReadonlyArray<string>
  readonly thresholds: ReadonlyArray<Verdict>
}

export interface ReportInput {
  readonly id: string
  readonly version: string
  readonly host: HostFacts
  readonly config: unknown
  readonly thresholds: Thresholds
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly now: number
  readonly snapshot: RunSnapshot
  readonly client: ClientLoad
  /** Further sentences for `unreliableBecause`. */
  readonly doubts: ReadonlyArray<string>
}

export const buildReport = (input: ReportInput): Report | BadHistogram => {
  const { snapshot, client, startedAt, now } = input
  const latencyMs = summaryOf(snapshot.latency)
  const timeMs = summaryOf(snapshot.setupTime)
  if ("kind" in latencyMs) return latencyMs
  if ("kind" in timeMs) return timeMs
  const { opened: _, ...connections } = snapshot.connections
  const { broadcasts, folded, unstamped } = snapshot.broadcasts
  const unreliableBecause = [
    ...whyUnreliable(client, connections.errors, snapshot.latency.clamped),
    ...input.doubts
  ]
  const found = {
    connections,
    setup: setupOf(snapshot, timeMs),
    messages: { ...reported(snapshot.messageRates), unstamped },
    latencyMs,
    broadcasts,
    earlierBroadcasts: folded
  }
  return {
    run: {
      id: input.id,
      startedAt: new Date(startedAt).toISOString(),
      endedAt: new Date(now).toISOString(),
      durationMs: Math.round(now - startedAt),
      version: input.version,
      ...input.host
    },
    config: input.config,
    ...found,
    client,
    reliable: unreliableBecause.length === 0,
    unreliableBecause,
    thresholds: evaluateThresholds(input.thresholds, found)
  }
}

const summaryOf = (snapshot: LatencySnapshot): LatencySummary | BadHistogram => {
  const histogram = new LatencyHistogram()
  return histogram.add(snapshot) ?? histogram.summary()
}

const reported = ({ mean, ...rates }: Rates): ReportedRates => ({ ...rates, perSecond: mean })

const setupOf = (snapshot: RunSnapshot, timeMs: LatencySummary): Report["setup"] => {
  const { firstAttemptAt, lastOpenAt, setupRates, connections } = snapshot
  const rampMs = firstAttemptAt === null || lastOpenAt === null ? 0 : lastOpenAt - firstAttemptAt
  const perSecond = rampMs > 0 ? ((connections.opened - connections.reconnects) * 1_000) / rampMs : 0
  return { ...reported(setupRates), perSecond, rampMs, timeMs }
}
