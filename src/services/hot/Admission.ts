/**
 * HOT PATH. Who may connect: a number of connections in all, a rate of handshakes, a number of connections for each address.
 *
 * With the latter two off it costs three comparisons for each handshake.
 */

/** Why an upgrade is refused: an HTTP answer. */
export interface Refusal {
  readonly status: number
  readonly reason: RefusalReason
  /** One sentence for the body of the answer. */
  readonly message: string
  readonly retryAfterSeconds?: number
}

export type RefusalReason =
  | "invalid"
  | "capacity"
  | "rate"
  | "address"
  | "pending"
  | "hook"
  | "origin"
  | "draining"

const FULL: Refusal = {
  status: 503,
  reason: "capacity",
  message: "this server holds as many connections as it can",
  retryAfterSeconds: 10
}
const TOO_FAST: Refusal = {
  status: 503,
  reason: "rate",
  message: "too many handshakes a second; try again later",
  retryAfterSeconds: 1
}
export const TOO_MANY: Refusal = {
  status: 429,
  reason: "address",
  message: "too many connections from this address",
  retryAfterSeconds: 10
}

/** The share of the capacity below which it counts as no longer full. */
const ROOM_AGAIN = 0.99

export class Admission {
  readonly #live = new Map<string, number>()
  #total = 0
  #isFull = false
  /** Called when the first connection is refused for want of room, and not again before there has been room for a while. */
  onFull: (() => void) | undefined
  /** Called with each address that is released. */
  onRelease: ((address: string) => void) | undefined
  #tokens: number
  #filledAt = Number.NEGATIVE_INFINITY

  /**
   * @param capacity connections in all: what the open-file limit leaves room for, so that accepting never fails
   * @param perSecond handshakes a second, 0 for no limit; a burst of one second's worth is let through
   * @param perAddress live connections of one address, 0 for no limit
   */
  constructor(
    readonly capacity: number,
    readonly perSecond: number,
    readonly perAddress: number
  ) {
    this.#tokens = perSecond
  }

  /** Places taken and not released. */
  get held(): number {
    return this.#total
  }

  /** A refusal, or undefined: then the address holds a place until `release`. `now` in milliseconds. */
  admit(address: string, now: number): Refusal | undefined {
    if (this.#total >= this.capacity) return this.#full()
    if (this.perAddress > 0 && (this.#live.get(address) ?? 0) >= this.perAddress) return TOO_MANY
    if (this.perSecond > 0 && !this.#takeToken(now)) return TOO_FAST
    this.#total++
    if (this.perAddress > 0) this.#live.set(address, (this.#live.get(address) ?? 0) + 1)
    return undefined
  }

  release(address: string): void {
    this.#total--
    if (this.#isFull && this.#total <= this.capacity * ROOM_AGAIN) this.#isFull = false
    this.onRelease?.(address)
    if (this.perAddress === 0) return
    const left = (this.#live.get(address) ?? 0) - 1
    if (left > 0) this.#live.set(address, left)
    else this.#live.delete(address)
  }

  #full(): Refusal {
    if (!this.#isFull) this.onFull?.()
    this.#isFull = true
    return FULL
  }

  #takeToken(now: number): boolean {
    const earned = (Math.max(0, now - this.#filledAt) * this.perSecond) / 1000
    this.#tokens = Math.min(this.perSecond, this.#tokens + earned)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
