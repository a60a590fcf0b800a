/** Some of many, by chance. */

/** `count` of the items, each as likely as any other: the beginning of a Fisher-Yates shuffle. @param random uniform from 0 to below 1 */
export const pick = <A>(items: ReadonlyArray<A>, count: number, random: () => number): ReadonlyArray<A> => {
  const all = [...items]
  const picked = Math.min(count, all.length)
  for (let i = 0; i < picked; i++) {
    const from = i + Math.floor(random() * (all.length - i))
    const item = all[from]!
    all[from] = all[i]!
    all[i] = item
  }
  return all.slice(0, picked)
}

/** A share of changing numbers as whole numbers that add up to it: what is left of one turn counts in the next. */
export class Portions {
  #left = 0

  /** @param percent from 0 to 100 */
  take(of: number, percent: number): number {
    const exact = this.#left + (of * percent) / 100
    const whole = Math.floor(exact + 1e-9)
    this.#left = Math.max(0, exact - whole)
    return whole
  }
}
