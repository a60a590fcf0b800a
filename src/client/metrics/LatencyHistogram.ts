/**
 * Every latency of a run in a high dynamic range histogram: each value counts, none is sampled away, and one costs
 * about 0.1 µs. Counts lie in one typed array of 190 KB; the packed form is a tenth of that and five times slower.
 * `RunMetrics` owns one for message latency and one for set-up times; snapshots cross processes as JSON.
 */
import { decodeFromCompressedBase64, encodeIntoCompressedBase64, Float64Histogram } from "hdr-histogram-js"
import type { DistributionPoint, LatencySummary } from "../../protocol/report.ts"

const MICROS = 1_000
/** The longest latency told apart; a longer one is recorded as this and counted in `clamped`. */
export const HIGHEST_MS = 3_600_000
/** Three digits: a value is off by 0.1 % at most. */
const SIGNIFICANT_DIGITS = 3
/** Points of the distribution for each halving of the distance to 100 %, as the plots of the HDR histogram have it. */
const TICKS_PER_HALF_DISTANCE = 5
/** Characters that the counts of a snapshot may have. All buckets in use take less than a quarter of it. */
export const MAX_ENCODED_LENGTH = 1_048_576

export type Percentiles = Pick<LatencySummary, "p50" | "p90" | "p99" | "max">

/** A histogram as plain data; `min`, `max` and `sum` are exact, in milliseconds. */
export interface LatencySnapshot {
  /** The counts, compressed, in base64. */
  readonly counts: string
  readonly min: number | null
  readonly max: number | null
  readonly sum: number
  readonly clamped: number
}

export interface BadHistogram {
  readonly kind: "badHistogram"
  readonly message: string
}

export class LatencyHistogram {
  private readonly counts: Float64Histogram
  private min = Number.POSITIVE_INFINITY
  private max = 0
  private sum = 0
  /** Values outside 0 … HIGHEST_MS, recorded as the nearer end: below 0 where two machines' clocks differ. */
  clamped = 0

  constructor(significantDigits = SIGNIFICANT_DIGITS) {
    this.counts = new Float64Histogram(1, HIGHEST_MS * MICROS, significantDigits)
  }

  /** Records one latency in milliseconds, to the microsecond. */
  record(ms: number): void {
    const value = ms < 0 ? 0 : ms > HIGHEST_MS ? HIGHEST_MS : ms
    if (value !== ms) this.clamped++
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    this.sum += value
    this.counts.recordValue(Math.round(value * MICROS))
  }

  /** Adds what another recorded in this process, also with fewer digits. */
  addAll(other: LatencyHistogram): void {
    this.counts.add(other.counts)
    this.addEnds(other.min, other.max, other.sum, other.clamped)
  }

  /** As it was in the beginning. */
  reset(): void {
    this.counts.reset()
    this.min = Number.POSITIVE_INFINITY
    this.max = 0
    this.sum = 0
    this.clamped = 0
  }

  /** Values and how often each was recorded, ascending: [µs, count, µs, count, …], each value the least of its bucket. */
  recorded(): Array<number> {
    const { recordedValuesIterator: values } = this.counts
    values.reset()
    const found: Array<number> = []
    while (values.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = values.next()
      found.push(this.counts.lowestEquivalentValue(valueIteratedTo), countAtValueIteratedTo)
    }
    return found
  }

  /** Adds what `recorded` of another gave; `maxMs` is the highest of it. */
  addRecorded(recorded: ReadonlyArray<number>, maxMs: number): void {
    for (let i = 0; i < recorded.length; i += 2)
      this.counts.recordValueWithCount(recorded[i]!, recorded[i + 1]!)
    this.max = Math.max(this.max, maxMs)
  }

  get count(): number {
    return this.counts.totalCount
  }

  /** Adds what another process recorded. A snapshot that cannot be read changes nothing. */
  add(snapshot: LatencySnapshot): BadHistogram | undefined {
    if (snapshot.counts.length > MAX_ENCODED_LENGTH)
      return bad(`${snapshot.counts.length} characters of counts`)
    try {
      const counts = decodeFromCompressedBase64(snapshot.counts, 64) as Float64Histogram
      // Checked before, so that an addition that fails half-way cannot leave half of it behind.
      if (counts.highestTrackableValue > HIGHEST_MS * MICROS) return bad("counts over a different range")
      this.counts.add(counts)
    } catch (cause) {
      return bad(cause instanceof Error ? cause.message : String(cause))
    }
    const { min, max, sum, clamped } = snapshot
    this.addEnds(min ?? Number.POSITIVE_INFINITY, max ?? 0, sum, clamped)
    return undefined
  }

  snapshot(): LatencySnapshot {
    const empty = this.count === 0
    return {
      counts: encodeIntoCompressedBase64(this.counts),
      min: empty ? null : this.min,
      max: empty ? null : this.max,
      sum: this.sum,
      clamped: this.clamped
    }
  }

  summary(): LatencySummary {
    if (this.count === 0) return nothing
    return {
      count: this.count,
      min: rounded(this.min),
      max: rounded(this.max),
      mean: rounded(this.sum / this.count),
      stddev: rounded(this.counts.stdDeviation / MICROS),
      p50: this.percentile(50),
      p75: this.percentile(75),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p98: this.percentile(98),
      p99: this.percentile(99),
      p999: this.percentile(99.9)
    }
  }

  /** The latency in milliseconds that `percent` of all values do not exceed; 0 while nothing was recorded. */
  percentile(percent: number): number {
    // A bucket is named by its upper end, which can lie over the highest value that is in it.
    return this.inMillis(this.counts.getValueAtPercentile(percent))
  }

  /** The highest value in milliseconds, exact; null while nothing was recorded. */
  get highest(): number | null {
    return this.count === 0 ? null : rounded(this.max)
  }

  /** The few that a view shows; null while nothing was recorded. */
  percentiles(): Percentiles {
    const percentile = (percent: number) => (this.count === 0 ? null : this.percentile(percent))
    return { p50: percentile(50), p90: percentile(90), p99: percentile(99), max: this.highest }
  }

  /** The points of the HDR plot: ever closer together towards the 100th percentile, which is the last. */
  distribution(): ReadonlyArray<DistributionPoint> {
    const { percentileIterator: levels } = this.counts
    levels.reset(TICKS_PER_HALF_DISTANCE)
    const points: Array<DistributionPoint> = []
    while (levels.hasNext()) {
      const { valueIteratedTo, percentileLevelIteratedTo, totalCountToThisValue } = levels.next()
      const ms = this.inMillis(valueIteratedTo)
      points.push({ percentile: percentileLevelIteratedTo, ms, count: totalCountToThisValue })
    }
    return points
  }

  private inMillis(micros: number): number {
    return rounded(Math.min(micros / MICROS, this.max))
  }

  private addEnds(min: number, max: number, sum: number, clamped: number): void {
    this.min = Math.min(this.min, min)
    this.max = Math.max(this.max, max)
    this.sum += sum
    this.clamped += clamped
  }
}

const bad = (message: string): BadHistogram => ({ kind: "badHistogram", message })
/** To the microsecond, which is what is recorded. */
const rounded = (ms: number): number => Math.round(ms * MICROS) / MICROS

const nothing: LatencySummary = {
  count: 0,
  min: null,
  max: null,
  mean: null,
  stddev: null,
  p50: null,
  p75: null,
  p90: null,
  p95: null,
  p98: null,
  p99: null,
  p999: null
}

/** What several processes recorded, as one. */
export const addLatencies = (all: ReadonlyArray<LatencySnapshot>): LatencySnapshot | BadHistogram => {
  const sum = new LatencyHistogram()
  for (const snapshot of all) {
    const bad = sum.add(snapshot)
    if (bad !== undefined) return bad
  }
  return sum.snapshot()
}
