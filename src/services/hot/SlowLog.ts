/**
 * What became of connections that took too little of what was sent to them. Only who is found slow comes here; nobody else pays for it.
 *
 * Bounded: a hundred of them are kept, a hundred a second are looked at, and a connection that goes on missing messages is told of once a minute.
 * All are counted.
 */
import type { SlowConsumer } from "../../protocol/dashboard.ts"
import type { Connection } from "./Connection.ts"

/** Of the newest. */
export const SLOW_KEPT = 100
/** Connections whose address and backlog are asked for in one second. */
const A_SECOND = 100
/** For so long a connection that misses more is not told of again. */
const FOLD_MS = 60_000

/** The client of a session, which is the attachment of its connection. */
interface Identity {
  readonly client: string
  readonly user: string
}

/** What was found since it was last told. */
export interface SlowNews {
  readonly times: number
  readonly found: ReadonlyArray<SlowConsumer>
}

export class SlowLog {
  /** Times that a send buffer was full, since start. */
  full = 0
  /** The same, with those who took nothing for the time of a write. Of all processes that tell theirs here. */
  times = 0
  readonly #recent: Array<SlowConsumer> = []
  /** The last of `recent`, and of `times`, that were not told yet. */
  #untold = 0
  #untoldTimes = 0
  readonly #foldedUntil = new WeakMap<Connection, number>()
  #second = 0
  #inSecond = 0

  /**
   * @param process the name of this one
   * @param now milliseconds since the epoch
   */
  constructor(
    readonly process: string,
    readonly now: () => number
  ) {}

  /** Newest first. */
  get recent(): ReadonlyArray<SlowConsumer> {
    return this.#recent.toSorted((a, b) => b.at - a.at)
  }

  /** A send buffer was full. To be called before the connection is closed for it. */
  foundFull(connection: Connection, outcome: SlowConsumer["outcome"]): void {
    this.full++
    this.#found(connection, outcome)
  }

  /** A client took nothing of what waited for it, and is closed. */
  foundStalled(connection: Connection): void {
    this.#found(connection, "closed")
  }

  /** What another process has found. */
  add({ times, found }: SlowNews): void {
    this.times += times
    for (const one of found) this.#keep(one)
  }

  /** What was found since this was last called; undefined: nothing. */
  takeNews(): SlowNews | undefined {
    if (this.#untoldTimes === 0) return undefined
    const news = { times: this.#untoldTimes, found: this.#recent.slice(this.#recent.length - this.#untold) }
    this.#untoldTimes = 0
    this.#untold = 0
    return news
  }

  #found(connection: Connection, outcome: SlowConsumer["outcome"]): void {
    this.times++
    this.#untoldTimes++
    const now = this.now()
    if (outcome === "dropped" && now < (this.#foldedUntil.get(connection) ?? 0)) return
    if (!this.#hasTime(now)) return
    this.#foldedUntil.set(connection, now + FOLD_MS)
    const session = connection.isSession ? (connection.attachment as Identity | undefined) : undefined
    this.#untold = Math.min(this.#untold + 1, SLOW_KEPT)
    this.#keep({
      at: Math.round(now),
      process: this.process,
      address: connection.address,
      ...(session === undefined ? {} : { client: session.client, user: session.user }),
      waitingBytes: connection.backlog,
      outcome
    })
  }

  #keep(one: SlowConsumer): void {
    this.#recent.push(one)
    if (this.#recent.length > SLOW_KEPT) this.#recent.shift()
  }

  #hasTime(now: number): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) {
      this.#second = second
      this.#inSecond = 0
    }
    return this.#inSecond++ < A_SECOND
  }
}
