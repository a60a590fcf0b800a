/**
 * Connections that one node has yet to set up, first come first served. It does its work for a client that has given
 * up, too, as it cannot know: the worst that there can be. All wait equally long at most, so those who have given up
 * stand before all others, and need no more than a number.
 */
import type { Step } from "./Waiting.ts"

interface Group {
  readonly tick: number
  readonly step: Step
  clients: number
}

export class NodeQueue {
  readonly #groups: Array<Group> = []
  #gone = 0
  #waiting = 0
  /** Seconds that were too few for one more connection. */
  #credit = 0
  /** Set up for clients that had given up. */
  wasted = 0

  /** Connections yet to be set up, whether somebody waits for them or not. */
  get length(): number {
    return this.#gone + this.#waiting
  }

  add(tick: number, step: Step, clients: number): void {
    this.#groups.push({ tick, step, clients })
    this.#waiting += clients
  }

  /** Those that came in this tick or before have waited long enough, and go. */
  giveUp(untilTick: number, went: (step: Step, clients: number) => void): void {
    while (this.#groups.length > 0 && this.#groups[0]!.tick <= untilTick) {
      const { step, clients } = this.#groups.shift()!
      this.#waiting -= clients
      this.#gone += clients
      went(step, clients)
    }
  }

  /**
   * Works for so many seconds, of which one connection takes `each`; the connections whose clients were still there.
   */
  serve(seconds: number, each: number): number {
    this.#credit += seconds
    let room = Math.floor(this.#credit / each)
    const wasted = Math.min(room, this.#gone)
    this.#gone -= wasted
    this.wasted += wasted
    room -= wasted
    let opened = 0
    while (room > 0 && this.#groups.length > 0) {
      const group = this.#groups[0]!
      const now = Math.min(group.clients, room)
      group.clients -= now
      room -= now
      opened += now
      if (group.clients === 0) this.#groups.shift()
    }
    this.#waiting -= opened
    this.#credit -= (wasted + opened) * each
    // An idle node saves no time up.
    if (this.length === 0) this.#credit = 0
    return opened
  }
}
