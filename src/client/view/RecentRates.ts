/** Rates of what is counted: those of the last moments, and one for each second before, for a sparkline. */

/** Batches come once a second: over two seconds their rate is steady. */
const RATE_WINDOW_MS = 2_000
const POINT_MS = 1_000
/** Points that are kept: more than a terminal is wide for. */
const MAX_POINTS = 120

interface Sample {
  readonly atMs: number
  readonly count: number
}

export class RecentRates {
  /** Those of the last RATE_WINDOW_MS, and one that is older. */
  #samples: Array<Sample> = []
  #pointFrom: Sample | undefined
  #points: Array<number> = []

  /** So many in all at this moment; moments never go back. */
  add(atMs: number, count: number): void {
    const sample = { atMs, count }
    const before = this.#samples.at(-1)
    if (before !== undefined && atMs <= before.atMs) return
    this.#samples.push(sample)
    const oldest = this.#samples.findLastIndex((one) => one.atMs <= atMs - RATE_WINDOW_MS)
    if (oldest > 0) this.#samples.splice(0, oldest)
    this.#pointFrom ??= sample
    if (atMs - this.#pointFrom.atMs < POINT_MS) return
    this.#points = [...this.#points, between(this.#pointFrom, sample)].slice(-MAX_POINTS)
    this.#pointFrom = sample
  }

  /** Events a second, lately; 0 before the second sample. */
  get perSecond(): number {
    const { 0: first, length } = this.#samples
    return first === undefined || length < 2 ? 0 : between(first, this.#samples[length - 1]!)
  }

  /** Events a second in each second, oldest first. */
  get points(): ReadonlyArray<number> {
    return this.#points
  }
}

const between = (from: Sample, to: Sample): number =>
  ((to.count - from.count) / (to.atMs - from.atMs)) * 1_000
