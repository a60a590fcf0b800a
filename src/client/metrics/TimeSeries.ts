/**
 * What a process measured in each interval of the run. Sums are kept by who measures; here are their differences from interval to interval.
 *
 * Intervals are of one second at first. Where a run gets longer than MAX_POINTS of them, each two become one of twice the length, so that
 * there is never more to keep, and those of processes that count from the same start always fit together.
 */
import { MAX_POINTS } from "../../protocol/report.ts"
import { followedBy, type Interval, noEvents, quiet, type Sums, since } from "./intervals.ts"

export const FIRST_INTERVAL_MS = 1_000

/** Intervals as plain data. */
export interface SeriesSnapshot {
  readonly intervalMs: number
  /** Number of the first of `intervals`, counted from the start of the run: more than 0 where only the newer ones were asked for. */
  readonly from: number
  readonly intervals: ReadonlyArray<Interval>
  /** When it was taken, in milliseconds since the start of the run: the last interval ends there. */
  readonly endMs: number
}

export class TimeSeries {
  readonly #startedAt: number
  #intervalMs = FIRST_INTERVAL_MS
  /** The last one is under way. */
  #intervals: Array<Interval> = [quiet(0)]
  #before = noEvents
  /** When the interval under way ends, on the clock of `now`. */
  endsAt: number

  /** @param startedAt of the run; intervals are counted from there, in all of its processes */
  constructor(startedAt: number) {
    this.#startedAt = startedAt
    this.endsAt = startedAt + FIRST_INTERVAL_MS
  }

  /**
   * What happened since the last call belongs to the interval under way, however far behind `now` its end is: who measures calls at the first
   * event after it.
   * @param sums since the start of the run
   * @param latencies since the last call
   */
  add(now: number, sums: Sums, active: number, latencies: Pick<Interval, "latencies" | "maxMs">): void {
    const more: Interval = { ...since(this.#before, sums), active, ...latencies }
    this.#before = sums
    const last = this.#intervals.length - 1
    this.#intervals[last] = followedBy(this.#intervals[last]!, more)
    this.#goOn(now, active)
  }

  /** @param fromMs only the interval of this moment and those after it, in milliseconds since the start of the run */
  snapshot(now: number, fromMs: number): SeriesSnapshot {
    const from = Math.min(Math.floor(fromMs / this.#intervalMs), this.#intervals.length - 1)
    const endMs = Math.max(0, now - this.#startedAt)
    return { intervalMs: this.#intervalMs, from, intervals: this.#intervals.slice(from), endMs }
  }

  /** Begins the interval that `now` is in. */
  #goOn(now: number, active: number): void {
    const extended = extendedTo(
      { intervalMs: this.#intervalMs, intervals: this.#intervals },
      Math.max(0, now - this.#startedAt),
      active
    )
    this.#intervalMs = extended.intervalMs
    this.#intervals = extended.intervals
    this.endsAt = this.#startedAt + this.#intervals.length * this.#intervalMs
  }
}

/** With all intervals up to the one that `ms` is in, wider ones where there would be too many; in those that are new nothing happened. */
export const extendedTo = (
  { intervalMs, intervals }: Pick<SeriesSnapshot, "intervalMs" | "intervals">,
  ms: number,
  active: number
): { readonly intervalMs: number; readonly intervals: Array<Interval> } => {
  let width = intervalMs
  let extended = [...intervals]
  while (ms >= MAX_POINTS * width) {
    extended = inPairs(extended)
    width *= 2
  }
  while (extended.length * width <= ms) extended.push(quiet(active))
  return { intervalMs: width, intervals: extended }
}

/** Each two as one; an odd last one stays, and takes in what follows. */
export const inPairs = (intervals: ReadonlyArray<Interval>): Array<Interval> => {
  const pairs: Array<Interval> = []
  for (let i = 0; i < intervals.length; i += 2) {
    const second = intervals[i + 1]
    pairs.push(second === undefined ? intervals[i]! : followedBy(intervals[i]!, second))
  }
  return pairs
}
