/**
 * HOT PATH. Shares the event loop among long jobs: one slice of one job for each turn, round robin.
 *
 * Between two slices the loop serves sockets, pings, accepts and the API. One `setImmediate` chain for the whole
 * process, however many shards drain: two drains at once do not make a turn longer, they take turns.
 */

export interface Job {
  /** Does a little, about a millisecond at most; false when nothing is left. */
  slice(): boolean
  /** `slice` threw: a bug. The job gets no further slice, and the others go on. */
  failed(error: unknown): void
}

export class Slicer {
  readonly #jobs: Array<Job> = []
  /** The job whose turn is next. */
  #next = 0
  #running = false

  add(job: Job): void {
    this.#jobs.push(job)
    if (!this.#running) {
      this.#running = true
      setImmediate(this.#turn)
    }
  }

  /** The job gets no further slice. */
  cancel(job: Job): void {
    const at = this.#jobs.indexOf(job)
    if (at < 0) return
    this.#jobs.splice(at, 1)
    if (at < this.#next) this.#next--
  }

  #slice(job: Job): boolean {
    try {
      return job.slice()
    } catch (error) {
      job.failed(error)
      return false
    }
  }

  readonly #turn = (): void => {
    if (this.#next >= this.#jobs.length) this.#next = 0
    const job = this.#jobs[this.#next]
    this.#next++
    if (job !== undefined && !this.#slice(job)) this.cancel(job)
    this.#running = this.#jobs.length > 0
    if (this.#running) setImmediate(this.#turn)
  }
}
