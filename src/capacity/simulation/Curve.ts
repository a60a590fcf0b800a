/** When something happened to how many: counts over time, in bins, whose number is bounded. */

export class Curve {
  readonly #bins: Float64Array
  #total = 0
  #last = 0

  /** @param horizonMs what happens later counts as happened then */
  constructor(
    horizonMs: number,
    readonly binMs: number
  ) {
    this.#bins = new Float64Array(Math.ceil(horizonMs / binMs))
  }

  /** How many it has happened to. */
  get total(): number {
    return this.#total
  }

  /** Milliseconds until it had happened to the last. */
  get last(): number {
    return this.#last
  }

  /** It happened to so many, one after the other, evenly between two times. */
  add(fromMs: number, toMs: number, count: number): void {
    if (count <= 0) return
    this.#total += count
    this.#last = Math.max(this.#last, toMs)
    const [first, last] = [this.#binOf(fromMs), this.#binOf(toMs)]
    if (first === last) {
      this.#bins[first]! += count
      return
    }
    const perMs = count / (toMs - fromMs)
    let left = count
    for (let bin = first; bin < last; bin++) {
      const here = perMs * ((bin + 1) * this.binMs - Math.max(fromMs, bin * this.binMs))
      this.#bins[bin]! += here
      left -= here
    }
    this.#bins[last]! += left
  }

  /**
   * Milliseconds until it had happened to this share of so many; NaN where it never did.
   * @param all absent: of those to whom it has happened
   */
  quantile(share: number, all = this.#total): number {
    if (this.#total === 0 || share * all > this.#total) return Number.NaN
    if (share * all === this.#total) return this.#last
    let left = share * all
    for (let bin = 0; bin < this.#bins.length; bin++) {
      const here = this.#bins[bin]!
      if (left <= here && here > 0) return Math.min(this.#last, (bin + left / here) * this.binMs)
      left -= here
    }
    return this.#last
  }

  /** To how many it had happened by then. */
  by(ms: number): number {
    const whole = Math.min(this.#bins.length, Math.floor(ms / this.binMs))
    let sum = 0
    for (let bin = 0; bin < whole; bin++) sum += this.#bins[bin]!
    return sum + (this.#bins[whole] ?? 0) * (ms / this.binMs - whole)
  }

  #binOf(ms: number): number {
    return Math.min(this.#bins.length - 1, Math.max(0, Math.floor(ms / this.binMs)))
  }
}
