/**
 * Every latency of a run in a high dynamic range histogram: each value counts, none is sampled away, and one costs
 * about 0.1 µs. Counts lie in one typed array of 190 KB; the packed form is a tenth of that and five times slower.
 * `RunMetrics` owns one for message latency and one for set-up times; snapshots cross processes as JSON.
 */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram
} from "hdr-histogram-js"
import type { LatencySummary } from "../../protocol/report.ts"

const MICROS = 1_000
/** The longest latency told apart; a longer one is recorded as this and counted in `clamped`. */
export const HIGHEST_MS = 3_600_000
/** Three digits: a value is off by 0.1 % at most. */
const SIGNIFICANT_DIGITS = 3
/** Characters that the counts of a snapshot may have. All buckets in use take less than a quarter of it. */
export const MAX_ENCODED_LENGTH = 1_048_576

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
  private readonly counts: Histogram = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MS * MICROS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS
  })
  private min = Number.POSITIVE_INFINITY
  private max = 0
  private sum = 0
  /** Values outside 0 … HIGHEST_MS, recorded as the nearer end: below 0 where two machines' clocks differ. */
  clamped = 0

  /** Records one latency in milliseconds, to the microsecond. */
  record(ms: number): void {
    const value = ms < 0 ? 0 : ms > HIGHEST_MS ? HIGHEST_MS : ms
    if (value !== ms) this.clamped++
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
    this.sum += value
    this.counts.recordValue(Math.round(value * MICROS))
  }

  get count(): number {
    return this.counts.totalCount
  }

  /** Adds what another process recorded. A snapshot that cannot be read changes nothing. */
  add(snapshot: LatencySnapshot): BadHistogram | undefined {
    if (snapshot.counts.length > MAX_ENCODED_LENGTH)
      return bad(`${snapshot.counts.length} characters of counts`)
    try {
      const counts = decodeFromCompressedBase64(snapshot.counts, 64)
      // Checked before, so that an addition that fails half-way cannot leave half of it behind.
      if (counts.highestTrackableValue > HIGHEST_MS * MICROS) return bad("counts over a different range")
      this.counts.add(counts)
    } catch (cause) {
      return bad(cause instanceof Error ? cause.message : String(cause))
    }
    this.min = Math.min(this.min, snapshot.min ?? Number.POSITIVE_INFINITY)
    this.max = Math.max(this.max, snapshot.max ?? 0)
    this.sum += snapshot.sum
    this.clamped += snapshot.clamped
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
    return rounded(Math.min(this.counts.getValueAtPercentile(percent) / MICROS, this.max))
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
