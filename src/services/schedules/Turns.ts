/**
 * One change of a schedule at a time: who has its turn reads it, decides and writes it, and nobody else in between. Turns of different
 * schedules know nothing of each other, and those of one come in the order in which they were asked for.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Changes of one schedule that may wait for their turn. */
export const MOST_WAITING = 100

/** As many changes of it wait as may. */
export class ScheduleBusy extends Data.TaggedError("ScheduleBusy")<{ readonly id: string }> {
  override get message(): string {
    return `${MOST_WAITING} changes of schedule ${this.id} wait already; try again`
  }
}

const NOBODY: ReadonlyArray<() => void> = []

export class Turns {
  /** Those that are taken, and who waits for each, in order. */
  readonly #taken = new Map<string, Array<() => void> | typeof NOBODY>()
  /** Those of them for which `takeOrQueue` waits. */
  readonly #queued = new Set<string>()

  get size(): number {
    return this.#taken.size
  }

  /**
   * True: it is the caller's, who has to `release` it. False: `go` is called as soon as it is, unless an earlier `go` waits for the same one
   * already.
   */
  takeOrQueue(id: string, go: () => void): boolean {
    if (this.#tryTake(id)) return true
    if (this.#queued.has(id)) return false
    this.#queued.add(id)
    this.#queue(id, () => {
      this.#queued.delete(id)
      go()
    })
    return false
  }

  release(id: string): void {
    const waiting = this.#taken.get(id) as Array<() => void> | undefined
    if (waiting !== undefined && waiting.length > 0) waiting.shift()!()
    else this.#taken.delete(id)
  }

  /** Runs the effect in a turn. Its wait cannot be interrupted, and ends with the turns before it. */
  run<A, E, R>(id: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ScheduleBusy, R> {
    return Effect.acquireUseRelease(
      this.#take(id),
      () => effect,
      () => Effect.sync(() => this.release(id))
    )
  }

  #take(id: string): Effect.Effect<void, ScheduleBusy> {
    return Effect.callback<void, ScheduleBusy>((resume) => {
      if (this.#tryTake(id)) return resume(Effect.void)
      if (this.#taken.get(id)!.length >= MOST_WAITING) return resume(Effect.fail(new ScheduleBusy({ id })))
      this.#queue(id, () => resume(Effect.void))
    })
  }

  #tryTake(id: string): boolean {
    if (this.#taken.has(id)) return false
    this.#taken.set(id, NOBODY)
    return true
  }

  #queue(id: string, go: () => void): void {
    const waiting = this.#taken.get(id)!
    if (waiting === NOBODY) this.#taken.set(id, [go])
    else (waiting as Array<() => void>).push(go)
  }
}
