/** Things that a test hears of, in order, and the wait for a state of them. The test's own time limit is the bound of a wait. */
export class Heard<A> {
  readonly all: Array<A> = []
  readonly #waiting = new Set<() => void>()

  readonly add = (item: A): void => {
    this.all.push(item)
    for (const look of this.#waiting) look()
  }

  /** Settles as soon as what was heard so far meets the condition. */
  until(met: (all: ReadonlyArray<A>) => boolean): Promise<ReadonlyArray<A>> {
    return new Promise((resolve) => {
      const look = () => {
        if (!met(this.all)) return
        this.#waiting.delete(look)
        resolve(this.all)
      }
      this.#waiting.add(look)
      look()
    })
  }

  count(count: number): Promise<ReadonlyArray<A>> {
    return this.until((all) => all.length >= count)
  }

  /** The first item that fits, present or to come. */
  async first(fits: (item: A) => boolean): Promise<A> {
    return (await this.until((all) => all.some(fits))).find(fits)!
  }

  /** The first item that fits, of those to come. */
  async next(fits: (item: A) => boolean = () => true): Promise<A> {
    const before = this.all.length
    const fitting = () => this.all.slice(before).filter(fits)
    await this.until(() => fitting().length > 0)
    return fitting()[0]!
  }
}
