/** How a ramp does what a scenario orders. */
import type { ClientSocket } from "../ClientSocket.ts"
import type { RampSockets } from "../RampSockets.ts"
import type { Order } from "./Order.ts"
import { Portions, pick } from "./pick.ts"

export interface ObedienceOptions {
  readonly ramp: Pick<RampSockets, "sockets" | "cut" | "leave" | "stopReading">
  /** Goes on ramping up to the connections of a level. */
  readonly raise: (level: number, levels: number) => void
  /** Uniform from 0 to below 1. */
  readonly random: () => number
  readonly later: (run: () => void, ms: number) => void
}

export class Obedience {
  readonly #options: ObedienceOptions
  readonly #churned = new Portions()
  /** Those that were told to stop reading. */
  #deaf: ReadonlyArray<ClientSocket> = []

  constructor(options: ObedienceOptions) {
    this.#options = options
  }

  obey(order: Order): void {
    const { ramp, raise } = this.#options
    switch (order._tag) {
      case "Cut":
        return ramp.cut()
      case "Churn":
        return this.#churn(order.share, order.overMs)
      case "StopReading":
        return this.#stopReading(order.share)
      case "ReadOn":
        for (const socket of this.#deaf) if (socket.slot >= 0) socket.readOn()
        return
      case "Raise":
        return raise(order.level, order.levels)
    }
  }

  /** Clients of a real service do not come and go in step: each has its own moment. */
  #churn(share: number, overMs: number): void {
    const { ramp, random, later } = this.#options
    const open = this.#open()
    for (const socket of pick(open, this.#churned.take(open.length, share), random))
      later(() => ramp.leave(socket), Math.floor(random() * overMs))
  }

  #stopReading(share: number): void {
    const { ramp, random } = this.#options
    const open = this.#open()
    // One at least: a scenario of slow readers without any would measure something else.
    const count = Math.max(1, Math.round((open.length * share) / 100))
    this.#deaf = pick(open, Math.min(count, open.length - 1), random)
    for (const socket of this.#deaf) ramp.stopReading(socket)
  }

  #open(): ReadonlyArray<ClientSocket> {
    return this.#options.ramp.sockets.items.filter(({ state }) => state === "open")
  }
}
