/** Items by the time at which they are due: a binary heap. To add and to take one costs the logarithm of the size. */

export class DueQueue<T> {
  readonly #times: Array<number> = []
  readonly #items: Array<T> = []

  get size(): number {
    return this.#items.length
  }

  /** When the first item is due; infinity where there is none. */
  get nextAt(): number {
    return this.#times[0] ?? Number.POSITIVE_INFINITY
  }

  add(at: number, item: T): void {
    let child = this.#items.length
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#times[parent]! <= at) break
      this.#put(child, this.#times[parent]!, this.#items[parent]!)
      child = parent
    }
    this.#put(child, at, item)
  }

  /** Takes out the item that is due first; undefined where there is none. */
  take(): T | undefined {
    const first = this.#items[0]
    const at = this.#times.pop()
    const last = this.#items.pop()
    if (this.#items.length > 0) this.#sink(at!, last!)
    return first
  }

  clear(): void {
    this.#times.length = 0
    this.#items.length = 0
  }

  /** Puts an item at the top, and down to its place. */
  #sink(at: number, item: T): void {
    const { length } = this.#times
    let parent = 0
    for (let child = 1; child < length; child = 2 * parent + 1) {
      if (child + 1 < length && this.#times[child + 1]! < this.#times[child]!) child++
      if (this.#times[child]! >= at) break
      this.#put(parent, this.#times[child]!, this.#items[child]!)
      parent = child
    }
    this.#put(parent, at, item)
  }

  #put(index: number, at: number, item: T): void {
    this.#times[index] = at
    this.#items[index] = item
  }
}
