/** Why connections ended, gathered: ten thousand that end at once are one line in the log and not ten thousand. */

/** Reasons told apart between two flushes; further ones are told together. */
export const MAX_REASONS = 32
const OTHERS = "other reasons"

export class EndedConnections {
  readonly #counts = new Map<string, number>()

  /** Why the latest one ended, in detail. */
  latest = ""

  /** @param reason the same for all that ended alike; @param detail of this one: its port, how long it waited */
  add(reason: string, detail = reason, count = 1): void {
    this.latest = detail
    const known = this.#counts.has(reason) || this.#counts.size < MAX_REASONS
    const key = known ? reason : OTHERS
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count)
  }

  /** Each reason since the last time, and how many ended for it: for `add` of another process. */
  take(): ReadonlyArray<readonly [reason: string, count: number]> {
    const counts = [...this.#counts]
    this.#counts.clear()
    return counts
  }

  /** A line for each reason since the last time. */
  flush(): ReadonlyArray<string> {
    return this.take().map(
      ([reason, count]) => `closed because of ${reason}${count === 1 ? "" : ` (${count} times)`}`
    )
  }
}
