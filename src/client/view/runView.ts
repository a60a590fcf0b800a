/**
 * What the terminal shows while the load client runs: a few lines made of plain state, nothing else. First how far it is, then a sparkline of
 * what it is at, latencies, and what went wrong. `terminal.ts` puts the lines on the screen.
 */
import type { Counts } from "../../protocol/report.ts"
import type { Percentiles } from "../metrics/LatencyHistogram.ts"
import { clock, grouped, short } from "../numbers.ts"
import { kindInWords } from "../SocketError.ts"
import { sparkline } from "./sparkline.ts"

export interface ViewState {
  readonly phase: "ramping" | "holding" | "draining"
  /** Open now, to be opened in all, and failed. */
  readonly active: number
  readonly total: number
  readonly errors: number
  readonly errorsByKind: Counts
  /** Connections opened, and messages heard, per second, lately. */
  readonly setupPerSecond: number
  readonly messagesPerSecond: number
  readonly messages: number
  /** For the sparkline, a value for each second: while ramping connections opened, then messages heard. */
  readonly rates: ReadonlyArray<number>
  /** Milliseconds; null before the first stamped message. */
  readonly latencyMs: Percentiles
  /** Milliseconds since start, and until the run's end; null where it has none. */
  readonly elapsedMs: number
  readonly leftMs: number | null
  /** What a scenario is at, in words: "level 3 of 10: 600 connections". */
  readonly at?: string | undefined
  /** Whether connections that failed are tried again. */
  readonly comesBack: boolean
}

const MAX_BAR = 40
const MIN_BAR = 5
const DEFAULT_COLUMNS = 80
const MAX_SPARKLINE = 60

/** The lines to show, none longer than `columns`. */
export const viewLines = (state: ViewState, columns = DEFAULT_COLUMNS): ReadonlyArray<string> =>
  [
    state.phase === "ramping" ? rampLine(state, columns) : holdLine(state, columns),
    withSparkline(messageLine(state), state, columns),
    latencyLine(state, columns),
    ...(state.errors === 0 ? [] : [errorLine(state, columns)])
  ].map((line) => fit(line, columns))

/** The same as one line for a log. */
export const viewLogLine = (state: ViewState): string => {
  const first = state.phase === "ramping" ? `ramping ${rampFigures(state)}` : holdLine(state)
  return [
    first,
    messageLine(state),
    `latency p50 ${millis(state.latencyMs.p50)} p99 ${millis(state.latencyMs.p99)}`,
    ...(state.errors === 0 ? [] : [errorLine(state, Number.POSITIVE_INFINITY)])
  ].join(" · ")
}

const rampLine = (state: ViewState, columns: number): string => {
  const figures = rampFigures(state, columns)
  const room = Math.min(MAX_BAR, columns - figures.length - 3)
  return room < MIN_BAR ? figures : `${bar(done(state), room)} ${figures}`
}

const rampFigures = (state: ViewState, columns = Number.POSITIVE_INFINITY): string => {
  const { active, total, setupPerSecond, errors, comesBack, at = "" } = state
  const left = Math.max(0, total - active - (comesBack ? 0 : errors))
  const eta = left === 0 ? "" : setupPerSecond > 0 ? `ETA ${clock((left / setupPerSecond) * 1_000)}` : "ETA –"
  const percent = `${Math.floor(done(state) * 100)} %`.padStart(5)
  const count = `${percent} ${grouped(active)}/${grouped(total)}`
  const [rate, errorCount] = [`${grouped(setupPerSecond)}/s`, errorText(errors)]
  return firstToFit(columns, [
    [count, rate, eta, at, errorCount],
    [count, rate, eta, errorCount],
    [count, eta, errorCount],
    [count, errorCount],
    [percent, errorCount]
  ])
}

const holdLine = (state: ViewState, columns = Number.POSITIVE_INFINITY): string => {
  const { phase, active, total, errors, elapsedMs, leftMs, at = "" } = state
  const left = leftMs === null ? "" : `${clock(leftMs)} left`
  const count = `${phase} ${grouped(active)}/${grouped(total)}`
  const [elapsed, errorCount] = [clock(elapsedMs), errorText(errors)]
  return firstToFit(columns, [
    [`${count} connections`, elapsed, left, at, errorCount],
    [`${count} connections`, left, at, errorCount],
    [count, left, errorCount],
    [count, errorCount]
  ])
}

/** Parts are left out for want of room, errors last of all. */
const firstToFit = (columns: number, variants: ReadonlyArray<ReadonlyArray<string>>): string => {
  const lines = variants.map((parts) => parts.filter((part) => part !== "").join(" · "))
  return lines.find((line) => line.length <= columns) ?? lines.at(-1)!
}

const messageLine = ({ messages, messagesPerSecond }: ViewState): string =>
  `${grouped(messages)} messages · ${grouped(messagesPerSecond)}/s`

/** Behind the line, where there is room for some of it; the rates are the messages' own but while it ramps. */
const withSparkline = (line: string, { phase, rates }: ViewState, columns: number): string => {
  const before = phase === "ramping" ? `${line}  set-up ` : `${line}  `
  const room = Math.min(MAX_SPARKLINE, columns - before.length)
  return room < MIN_BAR || rates.length === 0 ? line : before + sparkline(rates, room)
}

/** With the unit at each figure, or once where there is no room. */
const latencyLine = ({ latencyMs: { p50, p90, p99, max } }: ViewState, columns: number): string => {
  const figures = [`p50 ${millis(p50)}`, `p90 ${millis(p90)}`, `p99 ${millis(p99)}`, `max ${millis(max)}`]
  const whole = `latency ${figures.join(" · ")}`
  return whole.length <= columns
    ? whole
    : `ms ${figures.map((figure) => figure.replace(" ms", "")).join(" ")}`
}

/** The most frequent first, as many kinds as there is room for. */
const errorLine = ({ errorsByKind }: ViewState, columns: number): string => {
  const kinds = Object.entries(errorsByKind)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${grouped(count)} ${kindInWords(kind)}`)
  for (let shown = kinds.length; shown > 1; shown--) {
    const more = kinds.length - shown
    const line = [
      ...kinds.slice(0, shown),
      ...(more === 0 ? [] : [more === 1 ? "1 more kind" : `${more} more kinds`])
    ].join(" · ")
    if (line.length + ERRORS.length <= columns) return ERRORS + line
  }
  return ERRORS + (kinds[0] ?? "")
}

const ERRORS = "errors: "

/** The share of connections that are open, 0 to 1. */
const done = ({ active, total }: ViewState): number => (total === 0 ? 1 : Math.min(1, active / total))

const bar = (share: number, width: number): string => {
  const full = Math.floor(share * width)
  return `[${"█".repeat(full)}${"░".repeat(width - full)}]`
}

const errorText = (errors: number): string => (errors === 1 ? "1 error" : `${grouped(errors)} errors`)

const millis = (ms: number | null): string => (ms === null ? "–" : `${short(ms)} ms`)

const fit = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`
