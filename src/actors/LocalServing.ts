/** Serves from the shards of this process: what a server does that is one process, and what each worker does. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../config/ServerConfig.ts"
import { Admission } from "../services/hot/Admission.ts"
import { Intake } from "../services/hot/Intake.ts"
import { Keepalive } from "../services/hot/Keepalive.ts"
import { StalledWrites } from "../services/hot/StalledWrites.ts"
import { forkLongLived } from "../services/longLived.ts"
import { Metrics } from "../services/Metrics.ts"
import { makeNow } from "../services/now.ts"
import { connectionCapacity, openFileLimit } from "../services/openFiles.ts"
import { type Served, Serving } from "../services/Serving.ts"
import { SlowConsumers } from "../services/SlowConsumers.ts"
import { connectionSamples } from "../services/serviceMetrics.ts"
import { Sessions } from "../services/sessions/Sessions.ts"
import { type HttpHandler, Transport } from "../services/Transport.ts"
import type { AddressAsker } from "../services/workers/AddressAsker.ts"
import { ShardSupervisor } from "./ShardSupervisor.ts"

/** Time that clients get to answer the close frame before their sockets are cut. */
export const CLOSE_GRACE = Duration.seconds(1)

/** The part that this process has in a port which several share. */
export interface Share {
  readonly port: number
  /** Processes that share it; each admits its part of what the whole server admits. */
  readonly workers: number
  /** Counts the connections of each client address over all of them. */
  readonly addresses: AddressAsker
}

const forkTicking = (name: string, wheel: { readonly tickMs: number; tick(): void }) =>
  forkLongLived(
    name,
    Effect.forever(
      Effect.andThen(
        Effect.sleep(wheel.tickMs),
        Effect.sync(() => wheel.tick())
      )
    )
  )

const makeIntake = Effect.fnUntraced(function* (share: Share | undefined) {
  const { limits, client } = yield* ServerConfig
  const perSecond = limits.handshakesPerSecond / (share?.workers ?? 1)
  const { placement } = yield* ShardSupervisor
  const intake = new Intake(
    new Admission(
      connectionCapacity(openFileLimit()),
      // Of less than one, nobody would ever come in.
      perSecond === 0 ? 0 : Math.max(1, perSecond),
      share === undefined ? limits.connectionsPerAddress : 0
    ),
    new Keepalive(Duration.toMillis(limits.pingInterval), Duration.toMillis(limits.idleTimeout)),
    placement,
    limits.messageSize,
    yield* makeNow,
    new StalledWrites(Duration.toMillis(client.writeTimeout)),
    undefined,
    yield* SlowConsumers
  )
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  intake.admission.onFull = () => {
    const { capacity } = intake.admission
    fork(
      Effect.logWarning(
        `full: ${capacity} connections are all that the open-file limit has room for; more are refused`
      )
    )
  }
  ;(yield* Sessions).attach(intake)
  const { keepalive, framePings, stalledWrites } = intake
  if (keepalive.isOn) yield* forkTicking("keepalive", keepalive)
  yield* forkTicking("frame pings", framePings)
  yield* forkTicking("stalled writes", stalledWrites)
  return intake
})

/** Completes when no connection is left. */
const empty = (intake: Intake) =>
  Effect.gen(function* () {
    const isEmpty = yield* Deferred.make<void>()
    intake.onEmpty = () => Deferred.doneUnsafe(isEmpty, Effect.void)
    if (intake.counters.live > 0) yield* Deferred.await(isEmpty)
  })

/** @param share where this process is one of several; without it, it serves alone */
export const serveHere = Effect.fnUntraced(function* (http: HttpHandler, share?: Share) {
  const transport = yield* Transport
  const shards = yield* ShardSupervisor
  const intake = yield* makeIntake(share)
  yield* (yield* Metrics).register(Effect.sync(() => connectionSamples(intake, shards.hooks)))
  const asksAddresses = (yield* ServerConfig).limits.connectionsPerAddress > 0
  if (share !== undefined && asksAddresses) intake.admission.onRelease = share.addresses.went
  const sessions = yield* Sessions
  const listener = yield* transport.listen({
    intake,
    upgrades: sessions.upgrades,
    upgradeWithChannels: sessions.upgradeWithChannels,
    bodyLimits: sessions.bodyLimits,
    decide: share !== undefined && asksAddresses ? share.addresses.decide : shards.hooks.decide,
    http: (request) => sessions.http(request) ?? http(request),
    sharedPort: share?.port
  })
  const served: Served = {
    port: listener.port,
    transport: transport.name,
    size: `${shards.actors.length} shards`,
    stopAccepting: Effect.suspend(() => {
      intake.isDraining = true
      return listener.stopAccepting
    }),
    drain: Effect.fnUntraced(function* (within) {
      yield* Effect.timeoutOption(shards.drain(within), Duration.sum(within, CLOSE_GRACE))
      yield* Effect.timeoutOption(empty(intake), CLOSE_GRACE)
    }),
    failure: shards.failure
  }
  return { served, intake }
})

export const layer = Layer.effect(
  Serving,
  Effect.gen(function* () {
    const context = yield* Effect.context<
      ServerConfig | Metrics | Sessions | ShardSupervisor | SlowConsumers | Transport
    >()
    return Serving.of({
      begin: (http) => Effect.map(serveHere(http), ({ served }) => served).pipe(Effect.provide(context))
    })
  })
)
