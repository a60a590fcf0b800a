/** Choices that repeat with their seed: mulberry32. Parts of a trial have branches of their own, so that the timing of one does not move another's. */
export class Random {
  #state: number

  constructor(readonly seed: number) {
    this.#state = seed >>> 0
  }

  branch(name: string): Random {
    let seed = this.seed
    for (const character of name) seed = (Math.imul(seed, 31) + character.charCodeAt(0)) >>> 0
    return new Random(seed)
  }

  /** From 0 to below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** From 0 to below the limit. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  pick<A>(all: ReadonlyArray<A>): A {
    return all[this.below(all.length)]!
  }
}
