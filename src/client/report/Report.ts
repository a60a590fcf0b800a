/**
 * The final report of a run, which all that is written and printed at its end comes from. `buildReport` makes it of a snapshot of the
 * metrics; the owner adds what it knows of the run and of itself.
 */
import type {
  ClientLoad,
  HostFacts,
  LatencySummary,
  Report,
  ReportedRates,
  ScenarioOutcome
} from "../../protocol/report.ts"
import { type BadHistogram, LatencyHistogram, type LatencySnapshot } from "../metrics/LatencyHistogram.ts"
import type { Rates } from "../metrics/Meter.ts"
import type { RunSnapshot } from "../metrics/RunMetrics.ts"
import { whyUnreliable } from "./reliability.ts"
import { evaluateThresholds, type Thresholds } from "./thresholds.ts"

export type { Report } from "../../protocol/report.ts"

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
  /** What the scenario of the run found, where it has figures of its own. */
  readonly scenario?: ScenarioOutcome | undefined
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
    thresholds: evaluateThresholds(input.thresholds, found),
    ...(input.scenario === undefined ? {} : { scenario: input.scenario })
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
