/** When publications at a steady rate are due. */

/** Those of one request at most. */
export const MAX_BATCH = 256
/** One that is later than this is left out, and counted: a load that fell behind does not catch up in one burst. */
export const MAX_LATE_MS = 1000

export interface Due {
  /** Their stamps, in epoch milliseconds: when each was due. So the time that the server API keeps them waiting counts as latency. */
  readonly stamps: ReadonlyArray<number>
  /** Those that were too late. */
  readonly skipped: number
}

export class Pace {
  readonly #startedAt: number
  readonly #intervalMs: number
  /** Those that were given out, or skipped. */
  #done = 0

  /** @param perSecond more than 0, and 1000 at most, so that no two have the same stamp */
  constructor(startedAt: number, perSecond: number) {
    this.#startedAt = Math.ceil(startedAt)
    this.#intervalMs = 1000 / perSecond
  }

  /** When the next one is due. */
  get nextAt(): number {
    return this.#startedAt + this.#done * this.#intervalMs
  }

  /** Leaves out all that is due by now: how many. */
  leave(now: number): number {
    const due = this.#due(now)
    this.#done += due
    return due
  }

  /** What is due by now. @param most of them at most */
  take(now: number, most = MAX_BATCH): Due {
    const due = this.#due(now)
    const late = Math.ceil((now - MAX_LATE_MS - this.nextAt) / this.#intervalMs)
    const skipped = Math.min(due, Math.max(0, late))
    this.#done += skipped
    const count = Math.min(due - skipped, most)
    const stamps = Array.from({ length: count }, (_, i) => Math.floor(this.nextAt + i * this.#intervalMs))
    this.#done += count
    return { stamps, skipped }
  }

  #due(now: number): number {
    return Math.max(0, Math.floor((now - this.#startedAt) / this.#intervalMs + 1e-6) + 1 - this.#done)
  }
}
