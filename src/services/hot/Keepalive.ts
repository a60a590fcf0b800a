/**
 * HOT PATH. Pings and idle timeouts of all connections on one timing wheel.
 *
 * A connection that hears nothing is not asked at every message: what arrives only stamps the present tick on it, and the
 * timer, when it is due, looks how long ago that was.
 */
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { Connection } from "./Connection.ts"
import { TimingWheel } from "./TimingWheel.ts"

/** The longest tick; a shorter one is taken where the times are short. */
const MAX_TICK_MS = 1000
const MIN_TICK_MS = 5

export class Keepalive {
  /** Milliseconds between two calls of `tick`. */
  readonly tickMs: number
  readonly #wheel = new TimingWheel<Connection>()
  readonly #pingTicks: number
  readonly #idleTicks: number
  pinged = 0
  expired = 0

  /** @param pingMs silence before a ping, 0 for none; @param idleMs silence before the end, 0 for never */
  constructor(pingMs: number, idleMs: number) {
    const shortest = Math.min(pingMs || Number.POSITIVE_INFINITY, idleMs || Number.POSITIVE_INFINITY)
    this.tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, Math.floor(shortest / 16)))
    this.#pingTicks = Math.ceil(pingMs / this.tickMs)
    // However close the two are, the ping comes first, and its answer has a tick.
    this.#idleTicks = idleMs > 0 ? Math.max(this.#pingTicks + 1, Math.ceil(idleMs / this.tickMs)) : 0
  }

  get isOn(): boolean {
    return this.#pingTicks + this.#idleTicks > 0
  }

  opened(connection: Connection): void {
    if (!this.isOn) return
    connection.timer = this.#wheel.open(connection)
    connection.heardAt = this.#wheel.now
    this.#wheel.schedule(connection.timer, this.#pingTicks || this.#idleTicks)
  }

  heard(connection: Connection): void {
    connection.heardAt = this.#wheel.now
  }

  closed(connection: Connection): void {
    if (connection.timer < 0) return
    this.#wheel.close(connection.timer)
    connection.timer = -1
  }

  tick(): void {
    this.#wheel.advance(this.#due)
  }

  readonly #due = (connection: Connection): void => {
    const silent = this.#wheel.now - connection.heardAt
    if (this.#idleTicks > 0 && silent >= this.#idleTicks) {
      this.expired++
      connection.end(CloseReasons.noPong)
      return
    }
    if (this.#pingTicks === 0) {
      this.#wheel.schedule(connection.timer, this.#idleTicks - silent)
      return
    }
    if (silent < this.#pingTicks) {
      this.#wheel.schedule(connection.timer, this.#pingTicks - silent)
      return
    }
    this.pinged++
    connection.ping()
    // A ping can find that the socket is broken and end the connection.
    if (connection.timer < 0) return
    // A client that answers is looked at again after a ping interval; one that does not, at its end.
    const untilEnd = this.#idleTicks > 0 ? this.#idleTicks - silent : this.#pingTicks
    this.#wheel.schedule(connection.timer, Math.min(this.#pingTicks, untilEnd))
  }
}
