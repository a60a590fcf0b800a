/** Chance, from one source of numbers: who holds a seed gets the same run again. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Below so many expected, a binomial number is drawn exactly; above it is as good as normal. */
const EXACT_BELOW = 30

/** Points of a distribution: the value that this share does not exceed; straight lines in between. */
export type Quantiles = ReadonlyArray<readonly [share: number, value: number]>

export class Draws {
  /** @param uniform from 0 to below 1 */
  constructor(readonly uniform: () => number) {}

  /** Those of the fiber that asks. */
  static readonly ofFiber = Effect.map(Random.Random, (random) => new Draws(() => random.nextDoubleUnsafe()))

  between(least: number, most: number): number {
    return least + this.uniform() * (most - least)
  }

  from(quantiles: Quantiles): number {
    const at = this.uniform()
    const next = Math.max(
      1,
      quantiles.findIndex(([share]) => share >= at)
    )
    const [[fromShare, fromValue], [toShare, toValue]] = [quantiles[next - 1]!, quantiles[next]!]
    return fromValue + ((at - fromShare) / (toShare - fromShare)) * (toValue - fromValue)
  }

  /** How many of `count` are chosen, where each is with the same chance. */
  binomial(count: number, chance: number): number {
    if (count <= 0 || chance <= 0) return 0
    if (chance >= 1) return count
    if (chance > 0.5) return count - this.binomial(count, 1 - chance)
    return count * chance < EXACT_BELOW ? this.#counted(count, chance) : this.#normal(count, chance)
  }

  /** So many, each into one of the slots, all slots alike. */
  spread(count: number, slots: number, put: (slot: number, count: number) => void): void {
    let left = count
    for (let slot = 0; slot < slots && left > 0; slot++) {
      const here = slot === slots - 1 ? left : this.binomial(left, 1 / (slots - slot))
      if (here > 0) put(slot, here)
      left -= here
    }
  }

  /** By inversion: up from none, until the share of the cases that are passed is the one that was drawn. */
  #counted(count: number, chance: number): number {
    const odds = chance / (1 - chance)
    let probability = Math.exp(count * Math.log1p(-chance))
    let left = this.uniform()
    let chosen = 0
    while (left > probability && chosen < count) {
      left -= probability
      chosen++
      probability *= (odds * (count - chosen + 1)) / chosen
    }
    return chosen
  }

  #normal(count: number, chance: number): number {
    const mean = count * chance
    const deviation = Math.sqrt(mean * (1 - chance))
    const normal = Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
    return Math.min(count, Math.max(0, Math.round(mean + deviation * normal)))
  }
}
