/**
 * HOT PATH. A dense array whose members know their place, with a sweep that survives changes.
 *
 * Every operation is O(1) and allocates nothing (but for growth). Watched by `npm run bench -- fanout`.
 *
 * A drain visits the members in slices, over several turns of the loop, while members come and go. So the
 * array has three parts during a sweep, and a removal keeps each of them dense:
 *
 *     0 ........ cursor ........ end ........ length
 *      visited    still to visit   joined after the sweep began (not visited)
 */

/** Something that can stand in a `SlotList`; `slot` belongs to the list, -1 means in none. */
export interface Slotted {
  slot: number
}

/** An empty array with room for one: to its first member V8 gives room for 17, 128 bytes more than most lists of a channel ever need. */
export const smallArray = <T>(): Array<T> => {
  const array: Array<T | undefined> = [undefined]
  array.pop()
  return array as Array<T>
}

export class SlotList<T extends Slotted> {
  readonly items: Array<T> = smallArray()
  #cursor = 0
  #end = 0

  get size(): number {
    return this.items.length
  }

  add(item: T): void {
    item.slot = this.items.length
    this.items.push(item)
  }

  /** Whether the item was in the list. */
  remove(item: T): boolean {
    const slot = item.slot
    if (slot < 0 || this.items[slot] !== item) return false
    let hole = slot
    // The last member of each part fills the hole that the part before it left.
    if (hole < this.#cursor) hole = this.move(--this.#cursor, hole)
    if (hole < this.#end) hole = this.move(--this.#end, hole)
    this.move(this.items.length - 1, hole)
    this.items.pop()
    item.slot = -1
    return true
  }

  /** Begins a sweep over the present members and gives their number. One sweep at a time. */
  beginSweep(): number {
    this.#cursor = 0
    this.#end = this.items.length
    return this.#end
  }

  /** Moves on by at most `count` members; they stand in `items` from the returned index up to `swept`. */
  sweep(count: number): number {
    const from = this.#cursor
    this.#cursor = Math.min(this.#end, from + count)
    return from
  }

  /** The end of what the sweep has visited. */
  get swept(): number {
    return this.#cursor
  }

  /** Whether the sweep is still to visit this member. */
  isUnswept({ slot }: T): boolean {
    return slot >= this.#cursor && slot < this.#end
  }

  /** Members of the sweep that are still to visit. */
  get unswept(): number {
    return this.#end - this.#cursor
  }

  endSweep(): void {
    this.#cursor = 0
    this.#end = 0
  }

  /** Fills the hole at `to` with the item at `from`; the next hole is there. */
  protected move(from: number, to: number): number {
    if (from !== to) {
      const item = this.items[from]!
      this.items[to] = item
      item.slot = to
    }
    return from
  }
}
