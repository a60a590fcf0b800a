/**
 * Brings back a ramp's lost connections, each after its own backoff.
 *
 * One timer serves all that wait. A connection that is open and was never lost has nothing here; one that was lost has
 * an object of three fields while it waits and until it has proved itself. So the size is bounded by the ramp's share.
 */
import { fullJitter } from "./backoff.ts"
import type { ClientSocket } from "./ClientSocket.ts"
import { DueQueue } from "./DueQueue.ts"
import type { Session } from "./dialect/Session.ts"

/** Attempts that start in one turn of the event loop: at 45 µs each, 12 ms. */
export const MAX_ATTEMPTS_A_TURN = 256
/** The longest time that Node's timers know. A longer wait, which a server may ask for, takes several. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** What is asked of a socket here. */
type Socket = Pick<ClientSocket, "opened" | "state" | "since"> & { readonly session?: Session | null }

/** A connection that was lost, or never came about. */
interface Lost {
  /** Attempts since it last held; the backoff grows with them. */
  failures: number
  /** Whether it was ever open. */
  wasOpen: boolean
  /** What it goes on with. */
  session: Session | null
}

export interface Timers {
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export interface ReconnectsOptions {
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /** Milliseconds, on the same clock as `timers`. */
  readonly now: () => number
  readonly timers: Timers
  /** Uniform from 0 to below 1. */
  readonly random: () => number
  /** Starts an attempt for what had this session. It tells nothing before it returns. */
  readonly connect: (session: Session | null) => Socket
  /** So many more, or fewer, wait. */
  readonly waitingChanged: (by: number) => void
}

export class Reconnects {
  readonly #options: ReconnectsOptions
  readonly #waiting = new DueQueue<Lost>()
  /** Attempts under way, and connections that are back but have not proved themselves. */
  readonly #onTrial = new Map<Socket, Lost>()
  #timer: unknown
  /** When the timer is due; infinity where none is set. */
  #wakesAt = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(options: ReconnectsOptions) {
    this.#options = options
  }

  /** Whether a socket that has just opened is a connection that had been open before. */
  isBack(socket: Socket): boolean {
    return this.#onTrial.get(socket)?.wasOpen ?? false
  }

  /**
   * A socket has ended. Where it shall come back it waits: `atLeastMs`, as long as the server asked for, and then for its
   * backoff, so that those who were told the same time do not come all at once.
   */
  ended(socket: Socket, comesBack: boolean, atLeastMs = 0): void {
    const lost = this.#onTrial.get(socket) ?? { failures: 0, wasOpen: false, session: null }
    this.#onTrial.delete(socket)
    if (!comesBack || this.#stopped) return
    const { minDelayMs, maxDelayMs, now, random, waitingChanged } = this.#options
    const delay = atLeastMs + fullJitter(lost.failures, minDelayMs, maxDelayMs, random)
    lost.failures++
    lost.wasOpen ||= socket.opened
    lost.session = socket.session ?? null
    this.#waiting.add(now() + delay, lost)
    waitingChanged(1)
    this.#setTimer()
  }

  /**
   * Forgets the failures of those that have now been open for `maxDelayMs`. One that a server accepts and soon drops, again
   * and again, thus backs off as one that it refuses; and one whose backoff starts anew has not come more often than the
   * longest backoff allows.
   */
  sweep(): void {
    const now = this.#options.now()
    for (const socket of this.#onTrial.keys()) {
      if (socket.state === "open" && now - socket.since >= this.#options.maxDelayMs) {
        this.#onTrial.delete(socket)
      }
    }
  }

  /** Nothing comes back from here on. */
  stop(): void {
    this.#stopped = true
    this.#clearTimer()
    this.#options.waitingChanged(-this.#waiting.size)
    this.#waiting.clear()
    this.#onTrial.clear()
  }

  readonly #wake = (): void => {
    this.#wakesAt = Number.POSITIVE_INFINITY
    const { connect, now, waitingChanged } = this.#options
    const until = now()
    for (let i = 0; i < MAX_ATTEMPTS_A_TURN && this.#waiting.nextAt <= until; i++) {
      const lost = this.#waiting.take()!
      waitingChanged(-1)
      this.#onTrial.set(connect(lost.session), lost)
    }
    this.#setTimer()
  }

  /** Sees to it that the timer is due when the first of the waiting is. */
  #setTimer(): void {
    const { nextAt } = this.#waiting
    if (nextAt >= this.#wakesAt) return
    this.#clearTimer()
    this.#wakesAt = nextAt
    // Rounded up: Node's timers cut fractions off, and would come too early.
    const delay = Math.ceil(Math.max(0, nextAt - this.#options.now()))
    this.#timer = this.#options.timers.setTimeout(this.#wake, Math.min(delay, MAX_TIMER_MS))
  }

  #clearTimer(): void {
    if (this.#wakesAt === Number.POSITIVE_INFINITY) return
    this.#options.timers.clearTimeout(this.#timer)
    this.#wakesAt = Number.POSITIVE_INFINITY
  }
}
