/** Series of several processes, and of several lives of one: what each told, together. */
import {
  addSums,
  followedBy,
  type Interval,
  noEvents,
  quiet,
  type Sums,
  since,
  together
} from "./intervals.ts"
import { extendedTo, FIRST_INTERVAL_MS, inPairs, type SeriesSnapshot } from "./TimeSeries.ts"

/** In intervals of this length, which is that of `series` or it times a power of two. */
const inIntervalsOf = (intervalMs: number, series: SeriesSnapshot): SeriesSnapshot => {
  let wider = series
  while (wider.intervalMs < intervalMs)
    wider = { ...wider, intervalMs: wider.intervalMs * 2, intervals: inPairs(wider.intervals) }
  return wider
}

/** What is known of a process, and what it told since: `news` stands for all from its first interval on. */
export const withNews = (known: SeriesSnapshot | undefined, news: SeriesSnapshot): SeriesSnapshot => {
  if (known === undefined) return news
  const before = inIntervalsOf(news.intervalMs, known).intervals.slice(0, news.from)
  return { ...news, from: 0, intervals: [...before, ...news.intervals] }
}

/** From when on there can be news, in milliseconds since the start of the run. */
export const knownUpTo = (known: SeriesSnapshot | undefined): number =>
  known === undefined ? 0 : Math.max(0, known.intervals.length - 1) * known.intervalMs

/** The same with what happened `ms` after the start of the run, which is not before its end. */
const withEvents = (series: SeriesSnapshot, events: Interval, ms: number): SeriesSnapshot => {
  const { intervalMs, intervals } = extendedTo(series, ms, series.intervals.at(-1)?.active ?? 0)
  const last = intervals.pop() ?? quiet(0)
  const endMs = Math.max(ms, series.endMs)
  return { intervalMs, from: 0, intervals: [...intervals, followedBy(last, events)], endMs }
}

/**
 * With what counts tell that came after it.
 * @param sums all that happened, also what the series knows of
 * @param heardMs when they came, since the start of the run
 */
export const toldSince = (
  series: SeriesSnapshot,
  sums: Sums,
  active: number,
  heardMs: number
): SeriesSnapshot => {
  const rest = since(series.intervals.reduce(addSums, noEvents), sums)
  const isKnown = Object.values(rest).every((count) => count === 0)
  return isKnown ? series : withEvents(series, { ...quiet(active), ...rest }, heardMs)
}

/**
 * Of a process that died: its connections were cut, and nothing happens any more.
 * @param diedMs since the start of the run
 */
export const endedSeries = (series: SeriesSnapshot, active: number, diedMs: number): SeriesSnapshot =>
  withEvents(series, { ...quiet(0), closed: active }, diedMs)

/** Of several processes as if one had measured it. Where a series is shorter than others, what was open at its end still is. */
export const addSeries = (all: ReadonlyArray<SeriesSnapshot>): SeriesSnapshot => {
  const intervalMs = Math.max(FIRST_INTERVAL_MS, ...all.map((series) => series.intervalMs))
  const wide = all.map((series) => inIntervalsOf(intervalMs, series).intervals)
  const length = Math.max(0, ...wide.map((intervals) => intervals.length))
  const intervals = Array.from({ length }, (_, i) =>
    together(wide.map((each) => each[i] ?? quiet(each.at(-1)?.active ?? 0)))
  )
  return { intervalMs, from: 0, intervals, endMs: Math.max(0, ...all.map(({ endMs }) => endMs)) }
}
