/** Bounds what is asked at once: NATS answers in turn, and what waits there runs out of its time. */
import { BrokerUnavailable } from "../broker/Broker.ts"

export interface QuestionBounds {
  readonly underWay: number
  readonly waiting: number
  /** So long a question may wait for its turn, in ms. */
  readonly waitMs: number
}

interface Round {
  free: number
  readonly queue: Set<(isTurn: boolean) => void>
}

const LATE = new BrokerUnavailable({ detail: "a question waited too long for NATS" })

export class Questions {
  #round: Round

  /** @param now ms */
  constructor(
    readonly bounds: QuestionBounds,
    readonly now: () => number
  ) {
    this.#round = { free: bounds.underWay, queue: new Set() }
  }

  /** Asks when it is its turn, in the order of the calls; refused with `BrokerUnavailable` where too many wait, or it has waited too long. */
  async ask<A>(ask: () => Promise<A>): Promise<A> {
    const round = this.#round
    const { waiting, waitMs } = this.bounds
    if (round.free > 0) round.free--
    else {
      if (round.queue.size >= waiting)
        throw new BrokerUnavailable({ detail: `${waiting} questions wait for NATS already` })
      const until = this.now() + waitMs
      const isTurn = await new Promise<boolean>((resolve) => round.queue.add(resolve))
      if (!isTurn || this.now() > until) {
        leave(round)
        throw LATE
      }
    }
    try {
      return await ask()
    } finally {
      leave(round)
    }
  }

  /** What waits is refused, and what is under way does not count any more. */
  forget(): void {
    const { queue } = this.#round
    this.#round = { free: this.bounds.underWay, queue: new Set() }
    for (const told of queue) told(false)
    queue.clear()
  }
}

const leave = (round: Round): void => {
  const [next] = round.queue
  if (next === undefined) {
    round.free++
    return
  }
  round.queue.delete(next)
  next(true)
}
