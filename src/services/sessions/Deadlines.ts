/** What a session has to do at a time: pings, and what ends it or a subscription when it does not come in time. */
import * as Duration from "effect/Duration"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { refreshConnection } from "./refresh.ts"
import type { Session } from "./Session.ts"
import type { Timed } from "./SessionTimers.ts"
import { checkSubscriptions } from "./subscriptionExpiry.ts"

/** Time that a client gets to close a connection whose connect command failed. */
const FAILED_CLOSE_MS = 5000
/** An expiry that is further away is looked at again after so long. */
const MAX_WAIT_MS = 24 * 3_600_000

export class Deadlines implements Timed {
  timer = -1
  #isEnded = false
  // Ticks; 0 is never.
  #stale = 0
  #ping = 0
  #pong = 0
  #expiry = 0
  #subscriptions = 0
  /** When the expiry is to be acted on: milliseconds since the epoch. */
  #expiryAt = 0

  constructor(readonly session: Session) {}

  /** Its first command has to come. */
  begin(): void {
    this.#stale = this.#in(this.session.env.config.client.staleCloseDelay)
    this.#set()
  }

  failed(): void {
    this.#stale = this.session.env.timers.in(FAILED_CLOSE_MS)
    this.#set()
  }

  connected(): void {
    const { pingInterval } = this.session.env.config.client
    this.#stale = 0
    if (Duration.toMillis(pingInterval) > 0 && this.session.handshake.hasPings)
      this.#ping = this.#within(pingInterval)
    this.#set()
  }

  /** A pong came; false: none was asked for. */
  ponged(): boolean {
    if (this.#pong === 0) return false
    this.#pong = 0
    return true
  }

  /** The connection expires, or, with undefined, does not. @param expireAt seconds since the epoch */
  expires(expireAt: number | undefined): void {
    const { config, backend } = this.session.env
    if (expireAt === undefined) this.#expiry = 0
    else {
      // Where the backend is asked, it is asked in time; a client gets a while longer to bring a new token.
      const graceMs = backend.refresh === undefined ? Duration.toMillis(config.client.expiredCloseDelay) : 0
      this.#expiryAt = expireAt * 1000 + graceMs
      this.#awaitExpiry()
    }
    this.#set()
  }

  #awaitExpiry(): void {
    const { now, timers } = this.session.env
    this.#expiry = timers.in(Math.min(MAX_WAIT_MS, this.#expiryAt - now()))
  }

  /** There is a subscription that expires. */
  watchSubscriptions(): void {
    if (this.#subscriptions > 0) return
    this.#subscriptions = this.#within(this.session.env.config.client.presenceUpdateInterval)
    this.#set()
  }

  end(): void {
    this.#isEnded = true
    this.session.env.timers.clear(this)
  }

  nextDue(): number {
    let next = 0
    for (const due of [this.#stale, this.#ping, this.#pong, this.#expiry, this.#subscriptions])
      if (due > 0 && (next === 0 || due < next)) next = due
    return next
  }

  due(now: number): void {
    const { session } = this
    const isDue = (at: number) => at > 0 && at <= now
    if (isDue(this.#stale)) return session.disconnect(CloseReasons.stale)
    if (isDue(this.#pong)) return session.disconnect(CloseReasons.noPong)
    if (isDue(this.#ping)) this.#sendPing()
    if (isDue(this.#expiry)) this.#expire()
    if (isDue(this.#subscriptions)) {
      this.#subscriptions = 0
      if (checkSubscriptions(session))
        this.#subscriptions = this.#in(session.env.config.client.presenceUpdateInterval)
    }
  }

  #expire(): void {
    if (this.session.env.now() < this.#expiryAt) return this.#awaitExpiry()
    this.#expiry = 0
    refreshConnection(this.session)
  }

  #sendPing(): void {
    const { config } = this.session.env
    this.#ping = this.#in(config.client.pingInterval)
    if (this.session.wantsPongs) this.#pong = this.#in(config.client.pongTimeout)
    this.session.ping()
  }

  #in(duration: Duration.Duration): number {
    return this.session.env.timers.in(Duration.toMillis(duration))
  }

  /** The first time of something that comes again and again: at a random moment, so that those who came together are spread. */
  #within(interval: Duration.Duration): number {
    return this.session.env.timers.in(Duration.toMillis(interval) * (0.5 + Math.random() / 2))
  }

  #set(): void {
    // Answers that a backend gives to a session that is gone begin nothing anew.
    if (this.#isEnded) return
    this.session.env.timers.set(this)
  }
}
