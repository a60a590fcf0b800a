/** HOT PATH. All that sessions have to do at a time, on one timing wheel: each has one timer, set to the first of its deadlines. */
import { TimingWheel } from "../hot/TimingWheel.ts"

/** The longest tick; a shorter one is taken where the times are short. */
const MAX_TICK_MS = 500
const MIN_TICK_MS = 5
/** A deadline is kept to this part of the shortest time. */
const PRECISION = 16

/** Something with one timer. `timer` belongs to the wheel, -1 is none. */
export interface Timed {
  timer: number
  /** The tick at which `due` is to be called; 0 is never. */
  nextDue(): number
  due(now: number): void
}

export class SessionTimers {
  /** Milliseconds between two calls of `tick`. */
  readonly tickMs: number
  readonly #wheel = new TimingWheel<Timed>()

  /** @param shortestMs the shortest time that is to be kept */
  constructor(shortestMs: number) {
    this.tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, Math.floor(shortestMs / PRECISION)))
  }

  get now(): number {
    return this.#wheel.now
  }

  /** The tick that many milliseconds from now; at least the next one. */
  in(ms: number): number {
    return this.now + Math.max(1, Math.ceil(ms / this.tickMs))
  }

  /** To be called when its deadlines have changed. */
  set(timed: Timed): void {
    const due = timed.nextDue()
    if (due === 0) return
    if (timed.timer < 0) timed.timer = this.#wheel.open(timed)
    this.#wheel.schedule(timed.timer, Math.max(1, due - this.now))
  }

  clear(timed: Timed): void {
    if (timed.timer < 0) return
    this.#wheel.close(timed.timer)
    timed.timer = -1
  }

  tick(): void {
    this.#wheel.advance(this.#expired)
  }

  readonly #expired = (timed: Timed): void => {
    timed.due(this.now)
    if (timed.timer >= 0) this.set(timed)
  }
}
