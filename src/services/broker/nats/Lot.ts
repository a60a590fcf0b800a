/** Parts of logs of one stream that wait to be read, of which it may be cheaper to read the stream once for all. */
import type * as Deferred from "effect/Deferred"
import type { BrokerUnavailable } from "../Broker.ts"
import { askingCost, consumerCost, type LogPart, type Stored, spanOf, sweepCost } from "./LogPart.ts"
import type { Sweep } from "./Sweep.ts"

export interface Waiting {
  readonly part: LogPart
  readonly found: Deferred.Deferred<ReadonlyArray<Stored>, BrokerUnavailable>
}

const aloneCost = (part: LogPart): number => Math.min(askingCost(part), consumerCost(part))

/** Windows of the stream that are so many times as long as their parts. */
const WINDOW = 8

/**
 * Parts share a lot where the longer of two is less than twice as long, and where they begin not far from each other: so a few that are long, or far away,
 * do not make it dear for the others.
 */
export const lotOf = (part: LogPart): string => {
  const size = Math.floor(Math.log2(spanOf(part)))
  return `${size} ${Math.floor(part.after.seq / (WINDOW * 2 ** size))}`
}

export class Lot {
  readonly #waiting = new Set<Waiting>()
  /** Kept by who takes from it: some of them are read together now, and what is not read for who comes meanwhile waits until then. */
  sweep: Sweep | undefined
  /** To read them one by one. */
  #cost = 0
  /** Of all that came since nothing waited. */
  #from = 0
  #to = 0

  add(one: Waiting): void {
    const { part } = one
    if (this.#waiting.size === 0) {
      this.#from = part.after.seq
      this.#to = 0
    }
    this.#waiting.add(one)
    this.#cost += aloneCost(part)
    this.#from = Math.min(this.#from, part.after.seq)
    this.#to = Math.max(this.#to, part.last.seq)
  }

  /** False where it does not wait any more. */
  remove(one: Waiting): boolean {
    if (!this.#waiting.delete(one)) return false
    this.#cost -= aloneCost(one.part)
    return true
  }

  /** What is to be read next: all of them where that costs less than one by one, else the one that waits longest. */
  take(): ReadonlyArray<Waiting> {
    const [first] = this.#waiting
    const isTogether = sweepCost(this.#to - this.#from) < this.#cost
    const taken = isTogether ? [...this.#waiting] : first === undefined ? [] : [first]
    for (const one of taken) this.remove(one)
    return taken
  }

  /** All that wait, which then do not any more. */
  empty(): ReadonlyArray<Waiting> {
    const all = [...this.#waiting]
    this.#waiting.clear()
    return all
  }
}
