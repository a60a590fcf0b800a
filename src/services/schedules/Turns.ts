/**
 * One change of a schedule at a time: who has its turn reads it, decides and writes it, and nobody else in between. Turns of different
 * schedules know nothing of each other, and those of one come in the order in which they were asked for.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** Changes of one schedule that may wait for their turn. */
export const MOST_WAITING = 100

/** There can be no turn now. */
export class ScheduleBusy extends Data.TaggedError("ScheduleBusy")<{
  readonly id: string
  readonly detail: string
}> {
  override get message(): string {
    return `schedule ${this.id} cannot be changed now: ${this.detail}`
  }
}

const TOO_MANY = `${MOST_WAITING} changes of it wait already; try again`
const CLOSED = "the service ends"

interface Waiting {
  readonly go: () => void
  readonly refuse: () => void
}

const NOBODY: ReadonlyArray<Waiting> = []

export class Turns {
  /** Those that are taken, and who waits for each, in order. */
  readonly #taken = new Map<string, Array<Waiting> | typeof NOBODY>()
  /** Those of them for which `takeOrQueue` waits. */
  readonly #queued = new Set<string>()
  #isClosed = false

  get size(): number {
    return this.#taken.size
  }

  /**
   * True: it is the caller's, who has to `release` it. False: `go` is called as soon as it is, unless an earlier `go` waits for the same one
   * already, or the service ends.
   */
  takeOrQueue(id: string, go: () => void): boolean {
    if (this.#isClosed) return false
    if (this.#tryTake(id)) return true
    if (this.#queued.has(id)) return false
    this.#queued.add(id)
    const goOn = () => {
      this.#queued.delete(id)
      go()
    }
    this.#queue(id, { go: goOn, refuse: () => {} })
    return false
  }

  isTaken(id: string): boolean {
    return this.#taken.has(id)
  }

  /** Somebody waits for it. */
  isWanted(id: string): boolean {
    return (this.#taken.get(id)?.length ?? 0) > 0
  }

  release(id: string): void {
    const waiting = this.#taken.get(id) as Array<Waiting> | undefined
    if (waiting !== undefined && waiting.length > 0) waiting.shift()!.go()
    else this.#taken.delete(id)
  }

  /**
   * There are no turns any more, also where one is released: what the process could not end is not to be built upon. Who waits is refused.
   */
  close(): void {
    this.#isClosed = true
    const waiting = [...this.#taken.values()].flat()
    this.#taken.clear()
    for (const { refuse } of waiting) refuse()
  }

  /** Runs the effect in a turn. Its wait cannot be interrupted, and ends with the turns before it, or with `close`. */
  run<A, E, R>(id: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ScheduleBusy, R> {
    return Effect.acquireUseRelease(
      this.#take(id),
      () => effect,
      () => Effect.sync(() => this.release(id))
    )
  }

  #take(id: string): Effect.Effect<void, ScheduleBusy> {
    return Effect.callback<void, ScheduleBusy>((resume) => {
      const refuse = (detail: string) => resume(Effect.fail(new ScheduleBusy({ id, detail })))
      if (this.#isClosed) return refuse(CLOSED)
      if (this.#tryTake(id)) return resume(Effect.void)
      if (this.#taken.get(id)!.length >= MOST_WAITING) return refuse(TOO_MANY)
      this.#queue(id, { go: () => resume(Effect.void), refuse: () => refuse(CLOSED) })
    })
  }

  #tryTake(id: string): boolean {
    if (this.#taken.has(id)) return false
    this.#taken.set(id, NOBODY)
    return true
  }

  #queue(id: string, waiting: Waiting): void {
    const before = this.#taken.get(id)!
    if (before === NOBODY) this.#taken.set(id, [waiting])
    else (before as Array<Waiting>).push(waiting)
  }
}
