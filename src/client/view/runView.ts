/**
 * What the terminal shows while the load client runs: two lines made of plain state, nothing else. While it ramps, a
 * progress bar; then what comes in. `terminal.ts` puts the lines on the screen.
 */

export interface ViewState {
  readonly phase: "ramping" | "holding" | "draining"
  /** Open now, to be opened in all, and failed. */
  readonly active: number
  readonly total: number
  readonly errors: number
  /** Connections opened, and messages heard, per second, lately. */
  readonly setupPerSecond: number
  readonly messagesPerSecond: number
  readonly messages: number
  /** Latency in milliseconds; null before the first stamped message. */
  readonly p50: number | null
  readonly p99: number | null
  /** Milliseconds since start, and until the run's end; null where it has none. */
  readonly elapsedMs: number
  readonly leftMs: number | null
}

const MAX_BAR = 40
const MIN_BAR = 5
const DEFAULT_COLUMNS = 80

/** The lines to show, none longer than `columns`. */
export const viewLines = (state: ViewState, columns = DEFAULT_COLUMNS): ReadonlyArray<string> =>
  [state.phase === "ramping" ? rampLine(state, columns) : holdLine(state), messageLine(state)].map((line) =>
    fit(line, columns)
  )

/** The same as one line for a log. */
export const viewLogLine = (state: ViewState): string => {
  const first = state.phase === "ramping" ? `ramping ${rampFigures(state)}` : holdLine(state)
  return `${first} · ${messageLine(state)}`
}

const rampLine = (state: ViewState, columns: number): string => {
  const figures = rampFigures(state)
  const room = Math.min(MAX_BAR, columns - figures.length - 3)
  return room < MIN_BAR ? figures : `${bar(done(state), room)} ${figures}`
}

const rampFigures = (state: ViewState): string => {
  const { active, total, setupPerSecond, errors } = state
  const left = Math.max(0, total - active - errors)
  const eta =
    left === 0 ? "" : setupPerSecond > 0 ? ` · ETA ${clock((left / setupPerSecond) * 1_000)}` : " · ETA –"
  const percent = `${Math.floor(done(state) * 100)} %`.padStart(5)
  return `${percent} ${grouped(active)}/${grouped(total)} · ${grouped(setupPerSecond)}/s${eta} · ${errorText(errors)}`
}

const holdLine = ({ phase, active, total, errors, elapsedMs, leftMs }: ViewState): string => {
  const left = leftMs === null ? "" : ` · ${clock(leftMs)} left`
  return `${phase} ${grouped(active)}/${grouped(total)} connections · ${clock(elapsedMs)}${left} · ${errorText(errors)}`
}

const messageLine = ({ messages, messagesPerSecond, p50, p99 }: ViewState): string =>
  `${grouped(messages)} messages · ${grouped(messagesPerSecond)}/s · latency p50 ${millis(p50)} p99 ${millis(p99)}`

/** The share of connections that are open, or never will be, 0 to 1. */
const done = ({ active, errors, total }: ViewState): number =>
  total === 0 ? 1 : Math.min(1, (active + errors) / total)

const bar = (share: number, width: number): string => {
  const full = Math.floor(share * width)
  return `[${"█".repeat(full)}${"░".repeat(width - full)}]`
}

const errorText = (errors: number): string => (errors === 1 ? "1 error" : `${grouped(errors)} errors`)

const millis = (ms: number | null): string =>
  ms === null ? "–" : ms < 10 ? `${ms.toFixed(2)} ms` : ms < 100 ? `${ms.toFixed(1)} ms` : `${grouped(ms)} ms`

/** A whole number with a comma between thousands. */
const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")

/** Milliseconds as m:ss, or h:mm:ss. */
const clock = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const tail = String(s).padStart(2, "0")
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`
}

const fit = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`
