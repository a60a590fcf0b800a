/**
 * HOT PATH. What every transport does with a connection, from the handshake to its end: admission, keepalive, counting,
 * placing. A transport keeps the socket and calls in here; shards, sessions and hooks are behind `Placement`.
 */
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { Admission, Refusal, RefusalReason } from "./Admission.ts"
import type { Connection } from "./Connection.ts"
import { Keepalive } from "./Keepalive.ts"
import type { Opening } from "./Opening.ts"
import { SlowLog } from "./SlowLog.ts"
import { StalledWrites } from "./StalledWrites.ts"

/** Numbers since start, read by metrics when they are asked for. */
export class IntakeCounters {
  live = 0
  opened = 0
  messages = 0
  messageBytes = 0
  readonly refused = new Map<RefusalReason, number>()
  /** By close code; 1006 is a connection that ended without a close frame. */
  readonly closed = new Map<number, number>()
}

/** Finds a place for a new connection and hears of its end. */
export interface Placement {
  /** A raw connection, or one that is to be opened. False: no shard can take it now. */
  place(connection: Connection, opening?: Opening): boolean
  closed(connection: Connection, code: number): void
}

const DRAINING: Refusal = {
  status: 503,
  reason: "draining",
  message: "this server is stopping",
  retryAfterSeconds: 1
}

/** Silence before a ping frame, where a session asks for them, and time to answer one. */
const FRAME_PING_MS = 25_000
const FRAME_PONG_MS = 10_000

/** What a write may take where nothing else is said. */
const WRITE_TIMEOUT_MS = 1000

const count = <K>(counts: Map<K, number>, key: K) => counts.set(key, (counts.get(key) ?? 0) + 1)

export class Intake {
  readonly counters = new IntakeCounters()
  /** Set at the end: sockets that are still open from before get no connection any more. */
  isDraining = false
  /** Called when the last connection is gone. */
  onEmpty: (() => void) | undefined
  /** Called when the number of live connections has changed. */
  onChange: (() => void) | undefined

  constructor(
    readonly admission: Admission,
    readonly keepalive: Keepalive,
    readonly placement: Placement,
    /** Bytes of the largest message. */
    readonly messageSize: number,
    readonly now: () => number,
    /** Sessions whose clients do not take what waits for them. */
    readonly stalledWrites = new StalledWrites(WRITE_TIMEOUT_MS),
    /** WebSocket pings of sessions that ask for them with `framePings.opened(connection)`. */
    readonly framePings = new Keepalive(FRAME_PING_MS, FRAME_PING_MS + FRAME_PONG_MS),
    /** Connections that took too little of what was sent to them. */
    readonly slow = new SlowLog("", now)
  ) {
    stalledWrites.onStalled = (connection) => slow.foundStalled(connection)
  }

  /** Before the upgrade. Undefined: admitted; then `opened`, or `abandoned`, must follow. */
  admit(address: string): Refusal | undefined {
    if (this.isDraining) return this.refuse(DRAINING)
    const refusal = this.admission.admit(address, this.now())
    return refusal === undefined ? undefined : this.refuse(refusal)
  }

  refuse(refusal: Refusal): Refusal {
    count(this.counters.refused, refusal.reason)
    return refusal
  }

  /** An admitted handshake that did not become a connection. */
  abandoned(address: string): void {
    this.admission.release(address)
  }

  /** @param opening where a session is to begin on it */
  opened(connection: Connection, opening?: Opening): void {
    this.counters.live++
    this.counters.opened++
    if (opening === undefined) this.keepalive.opened(connection)
    this.onChange?.()
    if (!this.placement.place(connection, opening)) connection.close(CloseReasons.tryAgain)
  }

  /** Something came from the client, if only a ping or pong. */
  heard(connection: Connection): void {
    if (connection.isSession) this.framePings.heard(connection)
    else this.keepalive.heard(connection)
  }

  /** A whole message came in; the bytes are valid until it returns. */
  message(connection: Connection, data: Uint8Array, isBinary: boolean): void {
    this.counters.messages++
    this.counters.messageBytes += data.length
    this.heard(connection)
    if (data.length > this.messageSize) connection.end(CloseReasons.tooBig)
    else connection.owner?.message(connection, data, isBinary)
  }

  /** The socket is gone. Called once for each opened connection. */
  closed(connection: Connection, address: string, code: number): void {
    connection.leave()
    if (connection.isSession) {
      this.framePings.closed(connection)
      this.stalledWrites.forget(connection)
    } else this.keepalive.closed(connection)
    this.admission.release(address)
    this.counters.live--
    count(this.counters.closed, code)
    this.placement.closed(connection, code)
    this.onChange?.()
    if (this.counters.live === 0) this.onEmpty?.()
  }
}
