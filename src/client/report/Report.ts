/**
 * The final report of a run, which all that is written and printed at its end comes from. `buildReport` makes it of a snapshot of the
 * metrics; the owner adds what it knows of the run and of itself.
 */
import {
  type ClientLoad,
  type HostFacts,
  type LatencySummary,
  type OwnPublications,
  REPORT_FORMAT,
  type Report,
  type ReportedRates,
  type ScenarioOutcome
} from "../../protocol/report.ts"
import { type BadHistogram, LatencyHistogram, type LatencySnapshot } from "../metrics/LatencyHistogram.ts"
import type { Rates } from "../metrics/Meter.ts"
import type { RunSnapshot } from "../metrics/RunMetrics.ts"
import { neverMade, whyUnreliable } from "./reliability.ts"
import { seriesReport } from "./seriesReport.ts"
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
  /** Where the client published itself. */
  readonly publications?: OwnPublications | undefined
  /** Further sentences for `unreliableBecause`. */
  readonly doubts: ReadonlyArray<string>
  /** What the scenario of the run found, where it has figures of its own. */
  readonly scenario?: ScenarioOutcome | undefined
}

/** A report in between: what takes long to make, and nobody reads until the end, is not in it. */
export type InterimReport = Omit<Report, "latencyDistribution" | "series">

export const buildInterimReport = (input: ReportInput): InterimReport | BadHistogram => {
  const latency = histogramOf(input.snapshot.latency)
  return "kind" in latency ? latency : figuresOf(input, latency)
}

export const buildReport = (input: ReportInput): Report | BadHistogram => {
  const latency = histogramOf(input.snapshot.latency)
  if ("kind" in latency) return latency
  const figures = figuresOf(input, latency)
  if ("kind" in figures) return figures
  return {
    ...figures,
    latencyDistribution: latency.distribution(),
    series: seriesReport(input.snapshot.series, input.now - input.startedAt)
  }
}

const figuresOf = (input: ReportInput, latency: LatencyHistogram): InterimReport | BadHistogram => {
  const { snapshot, client, startedAt, now } = input
  const setupTime = histogramOf(snapshot.setupTime)
  if ("kind" in setupTime) return setupTime
  const { opened: _, ...connections } = snapshot.connections
  const { broadcasts, folded, unstamped } = snapshot.broadcasts
  const unreliableBecause = [
    ...whyUnreliable(client, connections.errors, snapshot.latency.clamped),
    // Levels tell themselves what of their rate was not taken.
    ...(input.scenario?.steps === undefined ? neverMade(input.publications) : []),
    ...input.doubts
  ]
  const found = {
    connections,
    setup: setupOf(snapshot, setupTime.summary()),
    messages: { ...reported(snapshot.messageRates), unstamped },
    latencyMs: latency.summary(),
    broadcasts,
    earlierBroadcasts: folded,
    ...(input.publications === undefined ? {} : { publications: input.publications }),
    ...(input.scenario === undefined ? {} : { scenario: input.scenario })
  }
  return {
    format: REPORT_FORMAT,
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

const histogramOf = (snapshot: LatencySnapshot): LatencyHistogram | BadHistogram => {
  const histogram = new LatencyHistogram()
  return histogram.add(snapshot) ?? histogram
}

const reported = ({ mean, ...rates }: Rates): ReportedRates => ({ ...rates, perSecond: mean })

const setupOf = (snapshot: RunSnapshot, timeMs: LatencySummary): Report["setup"] => {
  const { firstAttemptAt, lastOpenAt, setupRates, connections } = snapshot
  const rampMs = firstAttemptAt === null || lastOpenAt === null ? 0 : lastOpenAt - firstAttemptAt
  const perSecond = rampMs > 0 ? ((connections.opened - connections.reconnects) * 1_000) / rampMs : 0
  return { ...reported(setupRates), perSecond, rampMs, timeMs }
}
