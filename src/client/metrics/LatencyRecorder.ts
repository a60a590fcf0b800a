/**
 * Latencies of a whole run, and those of its intervals one by one, at the price of the whole run alone: each is recorded once, in a
 * histogram of what is new, which is added to both sums when one of them is asked for, or an interval ends.
 */
import { LatencyHistogram } from "./LatencyHistogram.ts"

/** Two digits: percentiles of an interval are off by 1 % at most, and a thousand values span what three digits need ten thousand for. */
export const INTERVAL_DIGITS = 2

export class LatencyRecorder {
  readonly #new = new LatencyHistogram()
  readonly #whole = new LatencyHistogram()
  readonly #interval = new LatencyHistogram(INTERVAL_DIGITS)

  /** Records one latency in milliseconds. */
  record(ms: number): void {
    this.#new.record(ms)
  }

  /** All of the run; the same object at each call, to be read at once. */
  get whole(): LatencyHistogram {
    this.#sort()
    return this.#whole
  }

  /** Those since this was called last: as `LatencyHistogram.recorded` gives them, and the highest in milliseconds, null where there were none. */
  takeInterval(): { readonly latencies: Array<number>; readonly maxMs: number | null } {
    this.#sort()
    const taken = { latencies: this.#interval.recorded(), maxMs: this.#interval.highest }
    this.#interval.reset()
    return taken
  }

  #sort(): void {
    if (this.#new.count === 0) return
    this.#whole.addAll(this.#new)
    this.#interval.addAll(this.#new)
    this.#new.reset()
  }
}
