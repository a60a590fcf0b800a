/**
 * Overviews as lines over time. Counters become rates; a time in which nobody looked, or a restart of the server, becomes a gap: no line
 * goes through what is not known.
 */
import type { Overview, ProcessState } from "../../../protocol/dashboard.ts"

/** Seconds of history that a page keeps at most, at one overview a second. */
export const MAX_OVERVIEWS = 3_600
/** States of processes in it at most: with many processes the history is shorter. */
const MAX_PROCESS_STATES = 200_000
/** Ten minutes are kept in any case. */
const MIN_OVERVIEWS = 600

/** Longer than this without an overview is a gap, unless they come that slowly anyway: a busy server looks less often. */
const GAP_MS = 5_000
const SLOWER = 3

/** Two closer than this, after the server was late with the first, say nothing of a rate: the second is passed over. */
const SHORTEST_STEP_MS = 400

const bound = (processes: number): number =>
  Math.max(MIN_OVERVIEWS, Math.min(MAX_OVERVIEWS, Math.floor(MAX_PROCESS_STATES / Math.max(1, processes))))

/** Two histories as one: by time, each overview once, the oldest forgotten. */
export const merge = (
  known: ReadonlyArray<Overview>,
  more: ReadonlyArray<Overview>
): ReadonlyArray<Overview> => {
  const last = known.at(-1)
  const isNext = more.length === 1 && (last === undefined || more[0]!.at > last.at)
  const all = isNext
    ? [...known, more[0]!]
    : [...new Map([...known, ...more].map((one) => [one.at, one])).values()].sort((a, b) => a.at - b.at)
  return all.slice(-bound(all.at(-1)?.processes.length ?? 0))
}

/** What was just pushed is the newest, whatever was there: where the server's clock was set back, what would be later goes. */
export const append = (known: ReadonlyArray<Overview>, newest: Overview): ReadonlyArray<Overview> => {
  const isSetBack = known.some(({ at }) => at > newest.at + GAP_MS)
  return merge(isSetBack ? known.filter(({ at }) => at < newest.at) : known, [newest])
}

/** A moment in which something was heard, with what was heard before it; or, where `now` is null, a gap. */
export interface Tick {
  readonly at: number
  readonly now: Overview | null
  /** Null where a rate would be of another life, or over a gap. */
  readonly before: Overview | null
}

export const timeline = (overviews: ReadonlyArray<Overview>): ReadonlyArray<Tick> => {
  const ticks: Array<Tick> = []
  let before: Overview | null = null
  let step = 0
  for (const now of overviews) {
    const passed = before === null ? 0 : now.at - before.at
    const isGap = before !== null && passed > Math.max(GAP_MS, SLOWER * step)
    const isOther = before !== null && now.life !== before.life
    if (before !== null && !isOther && passed < SHORTEST_STEP_MS) continue
    if (before !== null && (isGap || isOther)) {
      ticks.push({ at: before.at + passed / 2, now: null, before: null })
      before = null
    }
    ticks.push({ at: now.at, now, before })
    // Over a gap nobody says how often overviews come.
    step = before === null ? 0 : passed
    before = now
  }
  return ticks
}

/** A value as it is at each moment. */
export const gauge = (
  ticks: ReadonlyArray<Tick>,
  value: (overview: Overview) => number | null | undefined
): ReadonlyArray<number | null> => ticks.map(({ now }) => (now === null ? null : (value(now) ?? null)))

/** How fast a counter rises, each second. A counter that fell has begun again: nothing is known of that second. */
export const rate = (
  ticks: ReadonlyArray<Tick>,
  counter: (overview: Overview) => number | null | undefined
): ReadonlyArray<number | null> =>
  ticks.map(({ now, before }) => {
    if (now === null || before === null) return null
    const [high, low] = [counter(now), counter(before)]
    if (typeof high !== "number" || typeof low !== "number" || high < low || now.at <= before.at) return null
    return ((high - low) * 1_000) / (now.at - before.at)
  })

export const sum = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((total, part) => total + part, 0)

/** Lines for more processes than this cannot be told apart: then the highest, the middle and the lowest. */
export const MAX_LINES = 6

export interface Line {
  readonly label: string
  readonly values: ReadonlyArray<number | null>
}

/** @param part "highest" …; the values are those of one moment, in order */
const spread: ReadonlyArray<readonly [string, (sorted: ReadonlyArray<number>) => number]> = [
  ["highest", (sorted) => sorted.at(-1)!],
  ["median", (sorted) => sorted[Math.floor((sorted.length - 1) / 2)]!],
  ["lowest", (sorted) => sorted[0]!]
]

type Lines = (
  ticks: ReadonlyArray<Tick>,
  value: (overview: Overview) => number | null | undefined
) => ReadonlyArray<number | null>

/**
 * A value of the process of that name; undefined in overviews that do not have it.
 * @param place where it stands most likely
 */
export const ofProcess =
  (wanted: string, value: (process: ProcessState) => number, place = 0) =>
  ({ processes }: Overview): number | undefined => {
    const likely = processes[place]
    const process = likely?.name === wanted ? likely : processes.find(({ name }) => name === wanted)
    return process && value(process)
  }

/**
 * A line for each process that there is now.
 * @param lines `gauge`, or `rate` of a counter
 */
export const perProcess = (
  ticks: ReadonlyArray<Tick>,
  lines: Lines,
  value: (process: ProcessState) => number
): ReadonlyArray<Line> => {
  const names = (ticks.findLast(({ now }) => now !== null)?.now?.processes ?? []).map(({ name }) => name)
  const all = names.map((label, place) => ({ label, values: lines(ticks, ofProcess(label, value, place)) }))
  if (all.length <= MAX_LINES) return all
  const sorted = ticks.map((_, at) =>
    all.flatMap(({ values }) => (values[at] === null ? [] : [values[at]!])).sort((a, b) => a - b)
  )
  return spread.map(([label, pick]) => ({
    label: `${label} of ${names.length}`,
    values: sorted.map((values) => (values.length === 0 ? null : pick(values)))
  }))
}
