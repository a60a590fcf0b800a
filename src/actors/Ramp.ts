/**
 * A ramp: an actor that opens connections from one local address at a set pace, holds them, and closes them at the end.
 *
 * Its sockets stand in a dense array and have no timers: a sweep ends those that wait too long. A crash ends its connections and
 * nothing else; its supervisor starts it again, and it ramps anew.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createActor } from "xstate"
import type { ClientSocket } from "../client/ClientSocket.ts"
import { type Closed, Connector, type SocketOwner } from "../client/Connector.ts"
import type { EndedConnections } from "../client/EndedConnections.ts"
import type { RunMetrics } from "../client/metrics/RunMetrics.ts"
import type { SocketError } from "../client/SocketError.ts"
import type { ResolvedTarget } from "../client/target.ts"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { SlotList } from "../services/hot/SlotList.ts"
import { forkLongLived } from "../services/longLived.ts"
import { makeNow } from "../services/now.ts"
import { makeMachineClock } from "./clock.ts"
import { type RampState, rampMachine } from "./rampMachine.ts"
import type { Life } from "./Supervisor.ts"

/** How often waiting sockets are looked at: what a timeout can be late. */
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
  const words = kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return status === undefined ? words : `${words} with HTTP ${status}`
}

/** The sockets of a ramp and what happens to them; callbacks of sockets end here. */
export class RampSockets implements SocketOwner {
  readonly sockets = new SlotList<ClientSocket>()
  readonly connector: Connector
  /** When each socket last heard something; absent where `websocket.timeout` does not ask. */
  readonly #heardAt: Map<ClientSocket, number> | undefined
  onEmpty: (() => void) | undefined

  constructor(
    readonly options: RampOptions,
    readonly now: () => number
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
  }

  open(count: number): void {
    for (let i = 0; i < count; i++) {
      this.options.metrics.attempted(this.now())
      this.sockets.add(this.connector.connect())
    }
  }

  onOpen(socket: ClientSocket): void {
    // `since` of an open socket is when it opened: the same moment as in `onText`.
    this.options.metrics.opened(socket.since, socket.since - socket.startedAt)
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
    this.options.metrics.closed(code)
    this.options.ended.add(reason === "" ? String(code) : `${code} ${reason}`)
    this.#gone(socket)
  }

  onFailed(socket: ClientSocket, error: SocketError): void {
    if (error.kind !== "abandoned") {
      this.options.metrics.failed(error.kind, socket.opened)
      this.options.ended.add(inWords(error), error.message)
    }
    this.#gone(socket)
  }

  /** Ends what waits too long: for a connection, for an answer, for a close, or for anything at all. */
  sweep(setupMs: number, silenceMs: number): void {
    const now = this.now()
    for (const socket of [...this.sockets.items]) {
      if (socket.state === "connecting" || socket.state === "handshaking") {
        if (now - socket.startedAt > setupMs) socket.timeOut()
      } else if (socket.state === "closing") {
        if (now - socket.since > CLOSE_TIMEOUT_MS) socket.timeOut()
      } else if (this.#heardAt !== undefined && now - (this.#heardAt.get(socket) ?? now) > silenceMs) {
        socket.close(1000, "nothing heard")
      }
    }
  }

  #gone(socket: ClientSocket): void {
    this.#heardAt?.delete(socket)
    this.sockets.remove(socket)
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
    const ramp = new RampSockets(options, yield* makeNow)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of [...ramp.sockets.items]) socket.terminate()
      })
    )
    const machine = createActor(rampMachine, {
      clock: yield* makeMachineClock,
      input: {
        total: share.clients,
        batchSize: share.batchSize,
        intervalMs: Duration.toMillis(setup.interval)
      }
    })
    const crash = yield* Deferred.make<never, unknown>()
    let attempted = 0
    machine.subscribe({
      next: ({ value, context }) => {
        if (value !== "ramping" || context.attempted === attempted) return
        attempted = context.attempted
        // xstate would throw what its observer throws from a timer, and end the process.
        try {
          ramp.open(context.batch)
        } catch (error) {
          Deferred.doneUnsafe(crash, Effect.fail(error))
        }
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
