/**
 * The sockets of a ramp and what happens to them; callbacks of sockets end here.
 *
 * They stand in a dense array and have no timers: a sweep ends those that wait too long. What a connection speaks is its dialect's, and
 * what is known of it beyond its socket is in its session, where the run needs one.
 */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { SlotList } from "../services/hot/SlotList.ts"
import type { ClientSocket } from "./ClientSocket.ts"
import { type Closed, Connector, type SocketOwner } from "./Connector.ts"
import { comesBackAfterClose, comesBackAfterFailure } from "./comesBack.ts"
import { CentrifugeDialect } from "./dialect/centrifugeDialect.ts"
import type { Dialect, Listener } from "./dialect/Dialect.ts"
import { rawDialect } from "./dialect/rawDialect.ts"
import { type Refusal, Session } from "./dialect/Session.ts"
import type { EndedConnections } from "./EndedConnections.ts"
import type { RunMetrics } from "./metrics/RunMetrics.ts"
import { OpeningSockets } from "./OpeningSockets.ts"
import { Reconnects, type ReconnectsOptions } from "./Reconnects.ts"
import { kindInWords, type SocketError } from "./SocketError.ts"
import type { ResolvedTarget } from "./target.ts"

/**
 * Open sockets that one sweep looks at: the next one goes on from there. Each look is likely a miss of the cache, and fifty processes that
 * looked at all of theirs twice a second would take two million a second.
 */
const SWEEP_SOCKETS = 1000
/** Time for a close handshake before the socket is cut. */
const CLOSE_TIMEOUT_MS = 2000
/** Attempts that start in one turn of the event loop: at 45 µs each, 23 ms. Answers to the first are heard before the last begin. */
const ATTEMPTS_A_TURN = 512

/** What one ramp has to open: all connections of a local address, or a part of them where several processes share it. */
export interface RampShare {
  readonly localAddress: string
  readonly clients: number
  /** Connections of each step. */
  readonly batchSize: number
}

export interface RampOptions {
  readonly config: ClientConfigValue
  readonly share: RampShare
  readonly target: ResolvedTarget
  readonly metrics: RunMetrics
  readonly ended: EndedConnections
}

/** What a ramp gives its sockets to wait and to choose with. What it runs for them may throw: it is the ramp's crash. */
export interface Surroundings extends Pick<ReconnectsOptions, "timers" | "random"> {
  /** Runs it in a later turn of the event loop. */
  readonly soon: (run: () => void) => void
}

/** "handshakeTimeout" → "handshake timeout": what is alike in all errors of a kind. */
const inWords = ({ kind, status }: SocketError): string => {
  const words = kindInWords(kind)
  return status === undefined ? words : `${words} with HTTP ${status}`
}

/** Raw connections that nobody looks at one by one have no session. */
const needsSessions = ({ protocol, scenario }: ClientConfigValue): boolean =>
  protocol.type === "centrifuge" || scenario === "churn" || scenario === "slow-reader"

const dialectOf = ({ protocol: { type, channel, token } }: ClientConfigValue, listener: Listener): Dialect =>
  type === "centrifuge" && channel !== undefined
    ? new CentrifugeDialect({ channel, token: token && Redacted.value(token) }, listener)
    : rawDialect(listener)

export class RampSockets implements SocketOwner, Listener {
  readonly sockets = new SlotList<ClientSocket>()
  readonly #opening = new OpeningSockets()
  /** Attempts that are still to start. */
  #toStart = 0
  /** Where the next sweep of the open ones begins. */
  #swept = 0
  readonly connector: Connector
  readonly #dialect: Dialect
  readonly #hasSessions: boolean
  /** Absent where `reconnect.enabled` does not ask. */
  readonly #reconnects: Reconnects | undefined
  /** When each socket last heard something; absent where `websocket.timeout` does not ask. */
  readonly #heardAt: Map<ClientSocket, number> | undefined
  /** Nothing new begins. */
  #isEnding = false
  onEmpty: (() => void) | undefined

  constructor(
    readonly options: RampOptions,
    readonly now: () => number,
    readonly surroundings: Surroundings
  ) {
    const { config, share, target } = options
    this.connector = new Connector({
      owner: this,
      target,
      localAddress: share.localAddress,
      maxPayload: config.websocket.messageSize,
      tls: { verify: !config.server.insecure }
    })
    this.#hasSessions = needsSessions(config)
    this.#dialect = dialectOf(config, this)
    if (Duration.toMillis(config.websocket.timeout) > 0) this.#heardAt = new Map()
    if (!config.reconnect.enabled) return
    this.#reconnects = new Reconnects({
      timers: surroundings.timers,
      random: surroundings.random,
      now,
      minDelayMs: Duration.toMillis(config.reconnect.minDelay),
      maxDelayMs: Duration.toMillis(config.reconnect.maxDelay),
      connect: (session) => this.#connect(session),
      waitingChanged: (by) => options.metrics.waitingChanged(by)
    })
  }

  /** Starts so many attempts: at once, or in as few turns of the event loop as leave it room for the answers. */
  open(count: number): void {
    const isUnderWay = this.#toStart > 0
    this.#toStart += count
    if (!isUnderWay) this.#start()
  }

  /** Nothing new is opened, and nothing comes back, from here on. */
  stayAway(): void {
    this.#isEnding = true
    this.#toStart = 0
    this.#reconnects?.stop()
  }

  onOpen(socket: ClientSocket): void {
    // `since` of an open socket is when it opened: the same moment as in `onText`.
    this.#heardAt?.set(socket, socket.since)
    this.#dialect.opened(socket, socket.since)
  }

  onText(socket: ClientSocket, bytes: Buffer): void {
    const now = this.now()
    this.#dialect.message(socket, bytes, now)
    this.#heardAt?.set(socket, now)
  }

  onBinary(socket: ClientSocket, bytes: Buffer): void {
    this.onText(socket, bytes)
  }

  onClosed(socket: ClientSocket, { code, reason }: Closed): void {
    const { metrics, ended } = this.options
    const { session } = socket
    const refusal = session?.refusal ?? null
    if (session === null || session.isReady) metrics.closed(this.now(), code)
    else metrics.failed(this.now(), "notSubscribed", false)
    ended.add(refusal?.why ?? (reason === "" ? String(code) : `${code} ${reason}`))
    this.#gone(socket, String(code), refusal === null ? comesBackAfterClose(code) : refusal.mayPass)
  }

  onFailed(socket: ClientSocket, error: SocketError): void {
    const { metrics, ended } = this.options
    if (error.kind === "abandoned") metrics.abandoned()
    else {
      metrics.failed(this.now(), error.kind, socket.session === null ? socket.opened : socket.session.isReady)
      ended.add(inWords(error), error.message)
    }
    this.#gone(socket, error.kind, comesBackAfterFailure(error), (error.retryAfterSeconds ?? 0) * 1000)
  }

  ready(socket: ClientSocket, at: number): void {
    const { metrics } = this.options
    const { session } = socket
    const setupMs = at - socket.startedAt
    metrics.opened(at, setupMs, session === null ? this.#reconnects?.isBack(socket) : session.isAway)
    if (session === null) return
    if (session.isAway) metrics.scenario.returned(at - session.lostAt, setupMs)
    session.lostAt = Number.NaN
    session.readyAt = at
  }

  refused(socket: ClientSocket, refusal: Refusal): void {
    if (socket.session !== null) socket.session.refusal = refusal
    socket.close(1000)
  }

  payload(socket: ClientSocket, bytes: Uint8Array, at: number): void {
    const { metrics } = this.options
    const { session } = socket
    if (session === null) return metrics.heard(at, bytes, socket.since)
    if (session.isSlow) return metrics.scenario.slowHeard()
    metrics.heard(at, bytes, session.readyAt)
    session.heard = metrics.broadcast ?? 0
  }

  missed(count: number | null): void {
    this.options.metrics.scenario.missed(count)
  }

  duplicate(): void {
    this.options.metrics.scenario.duplicate()
  }

  resumed(isRecovered: boolean, publications: number): void {
    this.options.metrics.scenario.resumed(isRecovered, publications)
  }

  broadcastsBetween(from: number, to: number): number | null {
    return this.options.metrics.broadcastsBetween(from, to)
  }

  /** Ends at once, and without a close frame, all that are open. */
  cut(): void {
    const now = this.now()
    for (const socket of [...this.sockets.items]) {
      const { session } = socket
      if (socket.state !== "open" || session?.isReady === false) continue
      if (session !== null) {
        session.lostAt = now
        session.isLeaving = true
      }
      socket.terminate()
    }
  }

  /** Ends one in order; it comes back where `reconnect.enabled` says so. */
  leave(socket: ClientSocket): void {
    if (socket.state !== "open") return
    if (socket.session !== null) socket.session.isLeaving = true
    socket.close(1000, "churn")
  }

  /** One that is ready reads no more, and is none of the readers any more. */
  stopReading(socket: ClientSocket): void {
    const { session } = socket
    if (session === null || !session.isReady || socket.state !== "open") return
    const { metrics } = this.options
    metrics.gone(session.readyAt)
    metrics.left(session.heard, session.readyAt)
    metrics.deafChanged(1)
    metrics.scenario.stoppedReading()
    session.isSlow = true
    socket.stopReading()
  }

  /** Ends what waits too long: for a connection, for an answer, for a close, or for anything at all. */
  sweep(setupMs: number, silenceMs: number): void {
    this.#reconnects?.sweep()
    const now = this.now()
    this.#opening.sweep(now, setupMs)
    const { items } = this.sockets
    if (this.#swept >= items.length) this.#swept = 0
    const part = items.slice(this.#swept, this.#swept + SWEEP_SOCKETS)
    this.#swept += part.length
    for (const socket of part) {
      const { session } = socket
      if (socket.state === "closing") {
        if (now - socket.since > CLOSE_TIMEOUT_MS) socket.timeOut()
      } else if (socket.state === "open" && session?.isReady === false && now - socket.startedAt > setupMs) {
        session.refusal = { why: `no subscription within ${setupMs} ms`, mayPass: true }
        socket.terminate()
      } else if (this.#heardAt !== undefined && now - (this.#heardAt.get(socket) ?? now) > silenceMs) {
        socket.close(1000, "nothing heard")
      }
    }
  }

  readonly #start = (): void => {
    const count = Math.min(this.#toStart, ATTEMPTS_A_TURN)
    for (let i = 0; i < count; i++) this.#connect(this.#hasSessions ? new Session() : null)
    this.#toStart -= count
    if (this.#toStart > 0) this.surroundings.soon(this.#start)
  }

  #connect(session: Session | null): ClientSocket {
    this.options.metrics.attempted(this.now())
    const socket = this.connector.connect()
    socket.session = session
    this.sockets.add(socket)
    this.#opening.add(socket)
    return socket
  }

  #gone(socket: ClientSocket, how: string, comesBack: boolean, atLeastMs = 0): void {
    this.#heardAt?.delete(socket)
    this.sockets.remove(socket)
    if (socket.session !== null) this.#lost(socket.session, how)
    this.#reconnects?.ended(socket, comesBack, atLeastMs)
    if (this.sockets.size === 0) this.onEmpty?.()
  }

  /** What its session keeps of a socket that has ended. */
  #lost(session: Session, how: string): void {
    session.refusal = null
    if (!session.isReady) return
    const { metrics } = this.options
    const now = this.now()
    if (session.isSlow) {
      metrics.deafChanged(-1)
      metrics.scenario.slowEnded(how)
    } else {
      metrics.gone(session.readyAt)
      if (session.isLeaving) metrics.left(session.heard, session.readyAt)
    }
    if (!this.#isEnding && !session.isSlow) metrics.scenario.lost()
    session.isSlow = false
    session.isLeaving = false
    session.readyAt = Number.NaN
    if (!session.isAway) session.lostAt = now
  }
}
