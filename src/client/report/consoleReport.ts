/**
 * A report as text, every ten seconds and at the end of a run, per run id: the counters, histogram and meters of the
 * C1000K client in the layout of the Dropwizard Metrics console reporter, which others' scripts know how to read. A
 * counter that the C1000K client did not have, "Reconnects", stands there once a connection has come back.
 */
import type { Report, ReportedRates } from "../../protocol/report.ts"
import { countOf } from "../metrics/RunMetrics.ts"

const WIDTH = 80

export type PrintedReport = Pick<Report, "run" | "connections" | "latencyMs" | "messages" | "setup">

/** Lines joined by "\n", with an empty line at the end. */
export const consoleReport = ({ run, connections, latencyMs, messages, setup }: PrintedReport): string =>
  [
    ruled(`${run.endedAt} run ${run.id}`, "="),
    "",
    ruled("-- Counters", "-"),
    "Active WebSockets",
    line("count", "=", whole(connections.active)),
    ...(connections.reconnects === 0
      ? []
      : ["Reconnects", line("count", "=", whole(connections.reconnects))]),
    "WebSocket Errors",
    line("count", "=", whole(countOf(connections.errors))),
    "",
    ruled("-- Histograms", "-"),
    "Message latency",
    ...histogram(latencyMs),
    "",
    ruled("-- Meters", "-"),
    "Message Rate",
    ...meter(messages, messages.perSecond),
    "Setup Rate",
    ...meter(setup, run.durationMs > 0 ? (setup.count * 1_000) / run.durationMs : 0),
    "",
    ""
  ].join("\n")

const histogram = (latency: Report["latencyMs"]): ReadonlyArray<string> => [
  line("count", "=", whole(latency.count)),
  line("min", "=", decimal(latency.min)),
  line("max", "=", decimal(latency.max)),
  line("mean", "=", decimal(latency.mean)),
  line("stddev", "=", decimal(latency.stddev)),
  line("median", "=", decimal(latency.p50)),
  line("75%", "<=", decimal(latency.p75)),
  line("95%", "<=", decimal(latency.p95)),
  line("98%", "<=", decimal(latency.p98)),
  line("99%", "<=", decimal(latency.p99)),
  line("99.9%", "<=", decimal(latency.p999))
]

/** The mean is since the start of the run, as the model's is, also for set-ups. */
const meter = (rates: ReportedRates, mean: number): ReadonlyArray<string> => [
  line("count", "=", whole(rates.count)),
  line("mean rate", "=", perSecond(mean)),
  line("1-minute rate", "=", perSecond(rates.oneMinute)),
  line("5-minute rate", "=", perSecond(rates.fiveMinutes)),
  line("15-minute rate", "=", perSecond(rates.fifteenMinutes))
]

const ruled = (title: string, rule: string): string => `${title} `.padEnd(WIDTH, rule)
const line = (name: string, sign: string, value: string): string => `${name.padStart(18)} ${sign} ${value}`
const whole = (count: number): string => String(count)
/** Milliseconds; 0.00 while nothing was measured, as the model has it. */
const decimal = (value: number | null): string => (value ?? 0).toFixed(2)
const perSecond = (rate: number): string => `${rate.toFixed(2)} events/second`
