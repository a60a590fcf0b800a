/**
 * HOT PATH. One timer for all connections: a hashed timing wheel (Varghese and Lauck, 1987).
 *
 * To schedule and to cancel is O(1); a tick costs what stands in its bucket. A timer takes 12 bytes of typed
 * arrays and a pointer: no closure, timer or fiber for a connection. Time is a count of ticks; the owner calls
 * `advance` and so owns the clock.
 *
 * Timers are numbered. `open` gives a number that is good until `close`; numbers are used again.
 */

/** End of a chain; also `previous` of a timer that is in no bucket. Buckets stand there as -2, -3, … */
const NONE = -1
const asPrevious = (bucket: number) => -2 - bucket
const asBucket = (previous: number) => -2 - previous

export class TimingWheel<T> {
  readonly #owners: Array<T | undefined> = []
  /** The next timer in the same bucket; of a closed timer, the next free number. */
  #next = new Int32Array(1024)
  #previous = new Int32Array(1024)
  /** Full turns of the wheel still to wait. */
  #turns = new Int32Array(1024)
  /** The first timer of each bucket; the bucket behind the last holds what is due now. */
  readonly #heads: Int32Array
  readonly #due: number
  #free = NONE
  #now = 0
  #size = 0

  /** @param buckets ticks of one turn; a timer that is further away waits for more turns. */
  constructor(buckets = 512) {
    this.#heads = new Int32Array(buckets + 1).fill(NONE)
    this.#due = buckets
  }

  /** The present tick. */
  get now(): number {
    return this.#now
  }

  /** Timers that are open, scheduled or not. */
  get size(): number {
    return this.#size
  }

  open(owner: T): number {
    const timer = this.#free === NONE ? this.#owners.length : this.#free
    if (timer === this.#owners.length) {
      if (timer === this.#next.length) this.#grow()
      this.#owners.push(owner)
    } else {
      this.#free = this.#next[timer]!
      this.#owners[timer] = owner
    }
    this.#previous[timer] = NONE
    this.#size++
    return timer
  }

  close(timer: number): void {
    this.cancel(timer)
    this.#owners[timer] = undefined
    this.#next[timer] = this.#free
    this.#free = timer
    this.#size--
  }

  /** Expires after `ticks` (at least 1) from now; replaces what was scheduled before. */
  schedule(timer: number, ticks: number): void {
    this.cancel(timer)
    this.#turns[timer] = Math.floor((ticks - 1) / this.#due)
    this.#link(timer, (this.#now + ticks) % this.#due)
  }

  cancel(timer: number): void {
    const previous = this.#previous[timer]!
    if (previous === NONE) return
    const next = this.#next[timer]!
    if (previous < NONE) this.#heads[asBucket(previous)] = next
    else this.#next[previous] = next
    if (next !== NONE) this.#previous[next] = previous
    this.#previous[timer] = NONE
  }

  /** Moves on by one tick and calls `expired` for each timer that is due; it may open, close and schedule any timer. */
  advance(expired: (owner: T) => void): void {
    this.#now++
    let timer = this.#heads[this.#now % this.#due]!
    while (timer !== NONE) {
      const next = this.#next[timer]!
      if (this.#turns[timer]! > 0) this.#turns[timer]!--
      else {
        this.cancel(timer)
        this.#link(timer, this.#due)
      }
      timer = next
    }
    // One at a time from the chain of the due, for `expired` may take others out of it.
    for (timer = this.#heads[this.#due]!; timer !== NONE; timer = this.#heads[this.#due]!) {
      this.cancel(timer)
      expired(this.#owners[timer]!)
    }
  }

  #link(timer: number, bucket: number): void {
    const head = this.#heads[bucket]!
    this.#next[timer] = head
    this.#previous[timer] = asPrevious(bucket)
    if (head !== NONE) this.#previous[head] = timer
    this.#heads[bucket] = timer
  }

  #grow(): void {
    const larger = (old: Int32Array) => {
      const grown = new Int32Array(old.length * 2)
      grown.set(old)
      return grown
    }
    this.#next = larger(this.#next)
    this.#previous = larger(this.#previous)
    this.#turns = larger(this.#turns)
  }
}
