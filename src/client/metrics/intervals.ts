/** One interval of a run, and two of them as one. */

/** Events since the start of the run, or those of an interval. */
export interface Sums {
  readonly opened: number
  /** Ended without an error. */
  readonly closed: number
  readonly errors: number
  readonly messages: number
}

export interface Interval extends Sums {
  /** Connections open at its end. */
  readonly active: number
  /** Latencies of its stamped messages as `LatencyHistogram.recorded` gives them, of two digits. */
  readonly latencies: ReadonlyArray<number>
  /** The highest of them, in milliseconds; null where there were none. */
  readonly maxMs: number | null
}

export const noEvents: Sums = { opened: 0, closed: 0, errors: 0, messages: 0 }

/** An interval in which nothing happened. */
export const quiet = (active: number): Interval => ({ ...noEvents, active, latencies: [], maxMs: null })

export const since = (before: Sums, now: Sums): Sums => ({
  opened: now.opened - before.opened,
  closed: now.closed - before.closed,
  errors: now.errors - before.errors,
  messages: now.messages - before.messages
})

export const addSums = (one: Sums, other: Sums): Sums => ({
  opened: one.opened + other.opened,
  closed: one.closed + other.closed,
  errors: one.errors + other.errors,
  messages: one.messages + other.messages
})

/** Of the same connections, one after the other. */
export const followedBy = (first: Interval, second: Interval): Interval =>
  together(first, second, second.active)

/** Of different connections, at the same time. */
export const beside = (one: Interval, other: Interval): Interval =>
  together(one, other, one.active + other.active)

const together = (one: Interval, other: Interval, active: number): Interval => ({
  ...addSums(one, other),
  active,
  latencies: addRecorded(one.latencies, other.latencies),
  maxMs: one.maxMs === null ? other.maxMs : Math.max(one.maxMs, other.maxMs ?? 0)
})

/** Two ascending lists of [value, count, value, count, …] as one. */
export const addRecorded = (
  one: ReadonlyArray<number>,
  other: ReadonlyArray<number>
): ReadonlyArray<number> => {
  if (one.length === 0) return other
  if (other.length === 0) return one
  const sum: Array<number> = []
  let i = 0
  let k = 0
  while (i < one.length || k < other.length) {
    const a = i < one.length ? one[i]! : Number.POSITIVE_INFINITY
    const b = k < other.length ? other[k]! : Number.POSITIVE_INFINITY
    sum.push(Math.min(a, b), (a <= b ? one[i + 1]! : 0) + (b <= a ? other[k + 1]! : 0))
    if (a <= b) i += 2
    if (b <= a) k += 2
  }
  return sum
}
