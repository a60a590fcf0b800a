/** One interval of a run, and several of them as one. */

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
export const followedBy = (first: Interval, second: Interval): Interval => ({
  ...addSums(first, second),
  active: second.active,
  latencies: addRecorded(first.latencies, second.latencies),
  maxMs: higher(first.maxMs, second.maxMs)
})

/** Of different connections, at the same time. */
export const together = (intervals: ReadonlyArray<Interval>): Interval => ({
  ...intervals.reduce(addSums, noEvents),
  active: intervals.reduce((sum, { active }) => sum + active, 0),
  latencies: addManyRecorded(intervals.map(({ latencies }) => latencies)),
  maxMs: intervals.reduce<number | null>((most, { maxMs }) => higher(most, maxMs), null)
})

const higher = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other)

/** Many ascending lists of [value, count, value, count, …] as one: half of the time that one after the other takes. */
export const addManyRecorded = (lists: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const recorded = lists.filter(({ length }) => length > 0)
  if (recorded.length < 3) return recorded.reduce(addRecorded, [])
  const counts = new Map<number, number>()
  for (const list of recorded)
    for (let i = 0; i < list.length; i += 2) counts.set(list[i]!, (counts.get(list[i]!) ?? 0) + list[i + 1]!)
  return [...counts.keys()].sort((a, b) => a - b).flatMap((value) => [value, counts.get(value)!])
}

/** Two of them: a client does it in the middle of its run, when its intervals become wider. */
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
