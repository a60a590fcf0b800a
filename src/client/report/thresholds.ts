/** Limits that a run has to keep, and whether it did: a missed one is the client's exit code 1. */
import type { Report, Verdict } from "../../protocol/report.ts"
import { countOf } from "../metrics/RunMetrics.ts"

/** `thresholds.*` of the configuration; what is not set is not looked at. */
export interface Thresholds {
  /** Highest latencies, in milliseconds. */
  readonly min?: number | undefined
  readonly mean?: number | undefined
  readonly p50?: number | undefined
  readonly p75?: number | undefined
  readonly p90?: number | undefined
  readonly p95?: number | undefined
  readonly p98?: number | undefined
  readonly p99?: number | undefined
  readonly p999?: number | undefined
  readonly max?: number | undefined
  /** Most connection errors of all kinds. */
  readonly errors?: number | undefined
  /** Least connections set up, and messages received, per second. */
  readonly setupPerSecond?: number | undefined
  readonly messagesPerSecond?: number | undefined
  /** Least share of each broadcast that arrived, in per cent. */
  readonly delivered?: number | undefined
  /** Figures of a scenario: most publications missed, highest 99th percentile of the time to come back in ms, most that did not recover. */
  readonly missed?: number | undefined
  readonly recovery?: number | undefined
  readonly notRecovered?: number | undefined
}

/** The part of a report that limits are about. */
export type Found = Pick<
  Report,
  "connections" | "setup" | "messages" | "latencyMs" | "broadcasts" | "earlierBroadcasts"
> &
  Partial<Pick<Report, "scenario">>

const leasts: ReadonlySet<keyof Thresholds> = new Set(["setupPerSecond", "messagesPerSecond", "delivered"])

/** One verdict for each limit that is set, in the order of `Thresholds`. */
export const evaluateThresholds = (thresholds: Thresholds, found: Found): ReadonlyArray<Verdict> => {
  const figures = figuresOf(found)
  return (Object.keys(figures) as Array<keyof Thresholds>).flatMap((name) => {
    const limit = thresholds[name]
    if (limit === undefined) return []
    const figure = figures[name]
    const bound = leasts.has(name) ? "least" : "most"
    const met = figure !== null && (bound === "least" ? figure >= limit : figure <= limit)
    return [{ name, bound, limit, found: figure, met }]
  })
}

const figuresOf = (found: Found): Record<keyof Thresholds, number | null> => {
  const { min, mean, p50, p75, p90, p95, p98, p99, p999, max } = found.latencyMs
  return {
    ...{ min, mean, p50, p75, p90, p95, p98, p99, p999, max },
    errors: countOf(found.connections.errors),
    setupPerSecond: found.setup.perSecond,
    messagesPerSecond: found.messages.perSecond,
    delivered: deliveredShare(found),
    missed: scenarioFigure(found, "missed"),
    recovery: scenarioFigure(found, "recoveryP99"),
    notRecovered: scenarioFigure(found, "notRecovered")
  }
}

const scenarioFigure = ({ scenario }: Found, wanted: string): number | null =>
  scenario?.figures.find(({ name }) => name === wanted)?.value ?? null

/** The share of the broadcast that arrived least, in per cent; null where there was none. */
const deliveredShare = ({ broadcasts, earlierBroadcasts }: Found): number | null => {
  const shares = [...broadcasts, earlierBroadcasts]
    .filter(({ expected }) => expected > 0)
    .map(({ expected, received }) => (received / expected) * 100)
  // Their sum hides the one that arrived least.
  if (earlierBroadcasts.leastDelivered !== undefined) shares.push(earlierBroadcasts.leastDelivered)
  return shares.length === 0 ? null : shares.reduce((least, share) => Math.min(least, share))
}
