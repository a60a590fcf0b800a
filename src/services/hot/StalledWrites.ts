/**
 * HOT PATH. Clients of sessions that do not take what waits for them: after the time of a write they are closed with 3009, and cut
 * when they do not take even that.
 *
 * Only connections with a backlog are looked at; a send that leaves none costs nothing. Time is counted in ticks of the process.
 */
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { Connection } from "./Connection.ts"

export interface WatchedConnection extends Connection {
  /** Changes whenever the client takes something. */
  readonly progress: number
}

interface Watch {
  progress: number
  /** Tick at which the client last took something, or had to begin to. */
  since: number
  isClosing: boolean
}

/** Ticks in the time of a write: a stalled client is found at most this share of it late. */
const TICKS = 4
const MIN_TICK_MS = 5

export class StalledWrites {
  /** Milliseconds between two calls of `tick`. */
  readonly tickMs: number
  readonly #ticks: number
  readonly #watched = new Map<WatchedConnection, Watch>()
  #now = 0
  /** Connections closed for it, since start. */
  stalled = 0
  /** Told of each before it is closed. */
  onStalled: ((connection: Connection) => void) | undefined

  /** @param timeoutMs time in which a client must take something of what waits for it */
  constructor(timeoutMs: number) {
    this.tickMs = Math.max(MIN_TICK_MS, Math.floor(timeoutMs / TICKS))
    // The first one comes at any time after the beginning.
    this.#ticks = Math.ceil(timeoutMs / this.tickMs) + 1
  }

  /** Connections with a backlog. */
  get size(): number {
    return this.#watched.size
  }

  /** To be called when something waits for this client; as often as one likes. */
  watch(connection: WatchedConnection): void {
    if (this.#watched.has(connection)) return
    this.#watched.set(connection, { progress: connection.progress, since: this.#now, isClosing: false })
  }

  /** To be called when the connection is gone. */
  forget(connection: Connection): void {
    this.#watched.delete(connection as WatchedConnection)
  }

  tick(): void {
    this.#now++
    for (const [connection, watch] of this.#watched) this.#look(connection, watch)
  }

  #look(connection: WatchedConnection, watch: Watch): void {
    const { progress } = connection
    if (connection.backlog === 0) this.#watched.delete(connection)
    else if (progress !== watch.progress) {
      watch.progress = progress
      watch.since = this.#now
    } else if (this.#now - watch.since >= this.#ticks) {
      if (watch.isClosing) connection.terminate()
      else {
        this.stalled++
        watch.isClosing = true
        watch.since = this.#now
        this.onStalled?.(connection)
        connection.end(CloseReasons.writeError)
      }
    }
  }
}
