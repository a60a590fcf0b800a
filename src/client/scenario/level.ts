/** How a level of `find-max` went: the part of a run between two snapshots, held against `thresholds.*`. */
import type { Report, ScenarioFigure, ScenarioStep, Verdict } from "../../protocol/report.ts"
import { LatencyHistogram } from "../metrics/LatencyHistogram.ts"
import { latencySince } from "../metrics/latencySince.ts"
import { countOf, type RunSnapshot } from "../metrics/RunMetrics.ts"
import { evaluateThresholds, type Found, type Thresholds } from "../report/thresholds.ts"
import { lower, plain } from "./figures.ts"

export interface Measured {
  /** Epoch milliseconds. */
  readonly at: number
  readonly snapshot: RunSnapshot
}

export interface Level {
  /** What was asked for: connections, or publications a second. */
  readonly level: number
  /** Before its connections were opened, when all of them were, and at its end. */
  readonly begun: Measured
  readonly opened: Measured
  readonly ended: Measured
  /** Connections that it should have. */
  readonly connections: number
  /** Publications that were due and those that were taken, where the level is a rate. */
  readonly publications?: { readonly due: number; readonly published: number }
}

/** Of the publications that were due at a rate, those that have to be taken for it to be that rate, in per cent. */
export const LEAST_PUBLISHED = 95

/** A level with nothing to hear cannot break what limits what is heard. */
const broken = (verdicts: ReadonlyArray<Verdict>): ReadonlyArray<Verdict> =>
  verdicts.filter(({ met, found }) => !met && found !== null)

export const stepOf = (level: Level, thresholds: Thresholds): ScenarioStep => {
  const { begun, opened, ended, connections, publications } = level
  const found = foundIn(begun, opened, ended)
  const verdicts = evaluateThresholds(thresholds, found)
  const { active } = ended.snapshot.connections
  const because = [
    ...(active < connections ? [`${active} of ${connections} connections are open`] : []),
    ...(publications !== undefined && publications.published * 100 < publications.due * LEAST_PUBLISHED
      ? [`${publications.published} of ${publications.due} publications were taken`]
      : []),
    ...broken(verdicts).map(({ name, limit, found }) => `${name} is ${found}, limit ${limit}`)
  ]
  return {
    level: level.level,
    held: because.length === 0,
    ...(because.length === 0 ? {} : { because: because.join("; ") }),
    ...(verdicts.length === 0 ? {} : { verdicts }),
    figures: figuresOf(found, active)
  }
}

const figuresOf = (found: Found, active: number): ReadonlyArray<ScenarioFigure> => [
  plain("connections", "connections", "connections", active),
  lower("errors", "errors", "", countOf(found.connections.errors)),
  plain("messagesPerSecond", "messages", "a second", found.messages.perSecond),
  lower("p50", "latency, median", "ms", found.latencyMs.p50),
  lower("p99", "latency, 99th percentile", "ms", found.latencyMs.p99),
  lower("max", "latency, longest", "ms", found.latencyMs.max)
]

/** Errors and set-ups count from when its connections were begun; what was heard, from when all were open. */
const foundIn = (begun: Measured, opened: Measured, ended: Measured): Found => {
  const [first, open, last] = [begun.snapshot, opened.snapshot, ended.snapshot]
  const latency = new LatencyHistogram()
  latency.add(latencySince(open.latency, last.latency))
  return {
    connections: connectionsSince(first, last),
    setup: setupSince(begun, opened),
    messages: messagesSince(opened, ended),
    latencyMs: latency.summary(),
    ...broadcastsSince(opened, last)
  }
}

const connectionsSince = (first: RunSnapshot, last: RunSnapshot): Report["connections"] => {
  const { opened: _, ...connections } = last.connections
  const errors = Object.entries(connections.errors).map(
    ([kind, count]) => [kind, count - (first.connections.errors[kind] ?? 0)] as const
  )
  return { ...connections, errors: Object.fromEntries(errors) }
}

const rate = (count: number, ms: number) => ({
  count,
  perSecond: ms > 0 ? (count * 1000) / ms : 0,
  oneMinute: 0,
  fiveMinutes: 0,
  fifteenMinutes: 0
})

const setupSince = (begun: Measured, opened: Measured): Report["setup"] => {
  const rampMs = opened.at - begun.at
  const count = opened.snapshot.connections.opened - begun.snapshot.connections.opened
  return { ...rate(count, rampMs), rampMs, timeMs: new LatencyHistogram().summary() }
}

const messagesSince = (opened: Measured, ended: Measured): Report["messages"] => ({
  ...rate(ended.snapshot.messageRates.count - opened.snapshot.messageRates.count, ended.at - opened.at),
  unstamped: ended.snapshot.broadcasts.unstamped - opened.snapshot.broadcasts.unstamped
})

/** Those stamped when all were open; with those folded meanwhile, of which some may be older. */
const broadcastsSince = (
  opened: Measured,
  { broadcasts: { broadcasts, folded } }: RunSnapshot
): Pick<Found, "broadcasts" | "earlierBroadcasts"> => {
  const before = opened.snapshot.broadcasts.folded
  const least = folded.leastDelivered ?? 100
  return {
    broadcasts: broadcasts.filter(({ id }) => Number(id) >= opened.at),
    earlierBroadcasts: {
      broadcasts: folded.broadcasts - before.broadcasts,
      expected: folded.expected - before.expected,
      received: folded.received - before.received,
      ...(least < (before.leastDelivered ?? 100) ? { leastDelivered: least } : {})
    }
  }
}

/** The highest level below which all held; null where the first did not. */
export const highestHeld = (steps: ReadonlyArray<ScenarioStep>): number | null => {
  const end = steps.findIndex(({ held }) => !held)
  return steps.slice(0, end < 0 ? steps.length : end).at(-1)?.level ?? null
}
