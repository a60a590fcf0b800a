/**
 * The imaginary cable between one pane and the server. While it is cut, what ran over it fails and nothing new gets through, as when the network
 * is gone: whoever uses it hears of an error and of nothing else, and has to come back by itself.
 */

export class Cable {
  readonly #ends = new Set<() => void>()
  readonly #repairs = new Set<() => void>()
  #repair: ReturnType<typeof setTimeout> | undefined

  get isCut(): boolean {
    return this.#repair !== undefined
  }

  /** @param end is called when it is cut, at most once. Gives what takes it back. */
  attach(end: () => void): () => void {
    this.#ends.add(end)
    return () => void this.#ends.delete(end)
  }

  /** @param use is called when it is cut no more, at most once. Gives what takes it back. */
  whenRepaired(use: () => void): () => void {
    this.#repairs.add(use)
    return () => void this.#repairs.delete(use)
  }

  /** @param ms for how long nothing gets through; who cuts again meanwhile begins anew */
  cut(ms: number): void {
    clearTimeout(this.#repair)
    this.#repair = setTimeout(() => {
      this.#repair = undefined
      for (const use of take(this.#repairs)) use()
    }, ms)
    for (const end of take(this.#ends)) end()
  }
}

/** All of them, and the set is empty. */
const take = (set: Set<() => void>): ReadonlyArray<() => void> => {
  const all = [...set]
  set.clear()
  return all
}
