/** Clients that wait before they try again, by the tick in which they will. */
import { sdk } from "../figures.ts"
import type { Draws } from "./Draws.ts"

/** From here on the SDK's waits are as long as they get: 500 ms × 2⁶ is beyond 20 s. */
const LAST_STEP = 6
export const STEPS = LAST_STEP + 1

/** Attempts that failed one after the other, 0 for the first wait. */
export type Step = number

export class Waiting {
  readonly #due = new Map<number, Array<number>>()
  /** Clients. */
  size = 0

  constructor(
    readonly tickMs: number,
    readonly draws: Draws
  ) {}

  /**
   * As the SDK: min + a number up to min × 2^step, at most max. So many clients that began to wait in one tick are
   * spread over the ticks that this leaves.
   */
  backOff(fromTick: number, step: Step, clients: number): void {
    const spanMs = Math.min(sdk.maxReconnectMs, sdk.minReconnectMs * 2 ** Math.min(step, LAST_STEP))
    const ticks = Math.max(1, Math.round(spanMs / this.tickMs))
    this.draws.spread(clients, ticks, (tick, count) => {
      const wait = Math.min(sdk.maxReconnectMs, sdk.minReconnectMs + tick * this.tickMs)
      this.#add(fromTick + Math.round(wait / this.tickMs), step, count)
    })
  }

  /** Those who try in this tick, by their step. */
  take(tick: number): ReadonlyArray<number> {
    const due = this.#due.get(tick) ?? []
    this.#due.delete(tick)
    for (const count of due) this.size -= count
    return due
  }

  #add(tick: number, step: Step, clients: number): void {
    let due = this.#due.get(tick)
    if (due === undefined) {
      due = new Array<number>(STEPS).fill(0)
      this.#due.set(tick, due)
    }
    due[Math.min(step, LAST_STEP)]! += clients
    this.size += clients
  }
}
