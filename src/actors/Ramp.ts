/**
 * A ramp: an actor that opens connections from one local address at a set pace, holds them, and closes them at the end.
 *
 * Its sockets stand in a dense array and have no timers: a sweep ends those that wait too long. With `reconnect.enabled` those
 * that are lost come back while it ramps and holds, at their own times: its machine knows nothing of them. A crash ends its
 * connections and nothing else; its supervisor starts it again, and it ramps anew.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { createActor } from "xstate"
import type { ClientSocket } from "../client/ClientSocket.ts"
import { type Closed, Connector, type SocketOwner } from "../client/Connector.ts"
import { comesBackAfterClose, comesBackAfterFailure } from "../client/comesBack.ts"
import type { EndedConnections } from "../client/EndedConnections.ts"
import type { RunMetrics } from "../client/metrics/RunMetrics.ts"
import { OpeningSockets } from "../client/OpeningSockets.ts"
import { Reconnects, type ReconnectsOptions } from "../client/Reconnects.ts"
import { kindInWords, type SocketError } from "../client/SocketError.ts"
import type { ResolvedTarget } from "../client/target.ts"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { SlotList } from "../services/hot/SlotList.ts"
import { forkLongLived } from "../services/longLived.ts"
import { makeNow } from "../services/now.ts"
import { makeMachineClock } from "./clock.ts"
import { type RampState, rampMachine } from "./rampMachine.ts"
import type { Life } from "./Supervisor.ts"

/**
 * Open sockets that one sweep looks at: the next one goes on from there. Each look is likely a miss of the cache, and fifty processes that
 * looked at all of theirs twice a second would take two million a second.
 */
const SWEEP_SOCKETS = 1000
/** How often waiting sockets are looked at: what a timeout can be late; with more open ones than one sweep looks at, a multiple of it. */
const SWEEP = "500 millis"
/** Time for a close handshake before the socket is cut. */
const CLOSE_TIMEOUT_MS = 2000
/** Sockets that one step of the drain closes, between two turns of the loop. */
const CLOSE_STEP = 256

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

/** "handshakeTimeout" → "handshake timeout": what is alike in all errors of a kind. */
const inWords = ({ kind, status }: SocketError): string => {
  const words = kindInWords(kind)
  return status === undefined ? words : `${words} with HTTP ${status}`
}

/** The sockets of a ramp and what happens to them; callbacks of sockets end here. */
export class RampSockets implements SocketOwner {
  readonly sockets = new SlotList<ClientSocket>()
  readonly #opening = new OpeningSockets()
  /** Where the next sweep of the open ones begins. */
  #swept = 0
  readonly connector: Connector
  /** Absent where `reconnect.enabled` does not ask. */
  readonly #reconnects: Reconnects | undefined
  /** When each socket last heard something; absent where `websocket.timeout` does not ask. */
  readonly #heardAt: Map<ClientSocket, number> | undefined
  onEmpty: (() => void) | undefined

  constructor(
    readonly options: RampOptions,
    readonly now: () => number,
    chances: Pick<ReconnectsOptions, "timers" | "random">
  ) {
    const { config, share, target } = options
    this.connector = new Connector({
      owner: this,
      target,
      localAddress: share.localAddress,
      maxPayload: config.websocket.messageSize,
      tls: { verify: !config.server.insecure }
    })
    if (Duration.toMillis(config.websocket.timeout) > 0) this.#heardAt = new Map()
    if (!config.reconnect.enabled) return
    this.#reconnects = new Reconnects({
      ...chances,
      now,
      minDelayMs: Duration.toMillis(config.reconnect.minDelay),
      maxDelayMs: Duration.toMillis(config.reconnect.maxDelay),
      connect: () => this.#connect(),
      waitingChanged: (by) => options.metrics.waitingChanged(by)
    })
  }

  open(count: number): void {
    for (let i = 0; i < count; i++) this.#connect()
  }

  /** Nothing comes back from here on. */
  stayAway(): void {
    this.#reconnects?.stop()
  }

  onOpen(socket: ClientSocket): void {
    // `since` of an open socket is when it opened: the same moment as in `onText`.
    const isBack = this.#reconnects?.isBack(socket) ?? false
    this.options.metrics.opened(socket.since, socket.since - socket.startedAt, isBack)
    this.#heardAt?.set(socket, socket.since)
  }

  onText(socket: ClientSocket, bytes: Buffer): void {
    const now = this.now()
    this.options.metrics.heard(now, bytes, socket.since)
    this.#heardAt?.set(socket, now)
  }

  onBinary(socket: ClientSocket, bytes: Buffer): void {
    this.onText(socket, bytes)
  }

  onClosed(socket: ClientSocket, { code, reason }: Closed): void {
    this.options.metrics.closed(this.now(), code)
    this.options.ended.add(reason === "" ? String(code) : `${code} ${reason}`)
    this.#gone(socket, comesBackAfterClose(code))
  }

  onFailed(socket: ClientSocket, error: SocketError): void {
    if (error.kind !== "abandoned") {
      this.options.metrics.failed(this.now(), error.kind, socket.opened)
      this.options.ended.add(inWords(error), error.message)
    }
    this.#gone(socket, comesBackAfterFailure(error), (error.retryAfterSeconds ?? 0) * 1000)
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
      if (socket.state === "closing") {
        if (now - socket.since > CLOSE_TIMEOUT_MS) socket.timeOut()
      } else if (this.#heardAt !== undefined && now - (this.#heardAt.get(socket) ?? now) > silenceMs) {
        socket.close(1000, "nothing heard")
      }
    }
  }

  #connect(): ClientSocket {
    this.options.metrics.attempted(this.now())
    const socket = this.connector.connect()
    this.sockets.add(socket)
    this.#opening.add(socket)
    return socket
  }

  #gone(socket: ClientSocket, comesBack: boolean, atLeastMs = 0): void {
    this.#heardAt?.delete(socket)
    this.sockets.remove(socket)
    this.#reconnects?.ended(socket, comesBack, atLeastMs)
    if (this.sockets.size === 0) this.onEmpty?.()
  }
}

/** The program of a ramp's life. @param alive told of its state and sockets, for views and the actor tree */
export const rampProgram = (
  options: RampOptions,
  alive: (ramp: { readonly state: () => RampState; readonly sockets: RampSockets }) => void
) =>
  Effect.fnUntraced(function* (life: Life) {
    const { share } = options
    const { setup, websocket } = options.config
    const crash = yield* Deferred.make<never, unknown>()
    /** For what timers call: an error there would end the process. */
    const guarded = (run: () => void) => {
      try {
        run()
      } catch (error) {
        Deferred.doneUnsafe(crash, Effect.fail(error))
      }
    }
    const clock = yield* makeMachineClock
    const random = yield* Random.Random
    const ramp = new RampSockets(options, yield* makeNow, {
      random: () => random.nextDoubleUnsafe(),
      timers: {
        setTimeout: (run, ms) => clock.setTimeout(() => guarded(run), ms),
        clearTimeout: clock.clearTimeout
      }
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        ramp.stayAway()
        for (const socket of [...ramp.sockets.items]) socket.terminate()
      })
    )
    const machine = createActor(rampMachine, {
      clock,
      input: {
        total: share.clients,
        batchSize: share.batchSize,
        intervalMs: Duration.toMillis(setup.interval)
      }
    })
    let attempted = 0
    machine.subscribe({
      next: ({ value, context }) => {
        if (value !== "ramping" || context.attempted === attempted) return
        attempted = context.attempted
        // xstate throws what its observers throw from a timer.
        guarded(() => ramp.open(context.batch))
      },
      error: (error) => Deferred.doneUnsafe(crash, Effect.fail(error))
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => machine.start()),
      () => Effect.sync(() => machine.stop())
    )
    alive({ state: () => machine.getSnapshot().value as RampState, sockets: ramp })
    const sweep = Effect.sync(() =>
      ramp.sweep(Duration.toMillis(setup.timeout), Duration.toMillis(websocket.timeout))
    )
    yield* forkLongLived("sweep", Effect.forever(Effect.andThen(Effect.sleep(SWEEP), sweep)))
    yield* Effect.logInfo(`start IP: ${share.localAddress}`)
    yield* life.started
    machine.send({ type: "start" })
    yield* Effect.raceFirst(life.stopping, Deferred.await(crash))
    machine.send({ type: "stop" })
    ramp.stayAway()
    yield* closeAll(ramp)
    machine.send({ type: "empty" })
  })

/** Closes step by step, and completes when every socket is gone; the sweep cuts those whose server does not answer. */
const closeAll = Effect.fnUntraced(function* (ramp: RampSockets) {
  const empty = yield* Deferred.make<void>()
  ramp.onEmpty = () => Deferred.doneUnsafe(empty, Effect.void)
  const open = [...ramp.sockets.items]
  for (let at = 0; at < open.length; at += CLOSE_STEP) {
    for (const socket of open.slice(at, at + CLOSE_STEP)) socket.close(1000, "end of run")
    yield* Effect.yieldNow
  }
  if (ramp.sockets.size > 0) yield* Deferred.await(empty)
})
