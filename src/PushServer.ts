/**
 * The whole service in one process, as a layer: what `node dist/server.js` launches and what another Effect program can embed.
 *
 * Start and end are decided here. At the end: no new connections; broadcasts under way are finished; everyone is closed with 1012,
 * spread over `shutdown.timeout`; shards stop; the sockets that are left are cut.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BroadcastTimer from "./actors/BroadcastTimer.ts"
import { ShardSupervisor } from "./actors/ShardSupervisor.ts"
import type { RestartBudgetSpent } from "./actors/Supervisor.ts"
import { ServerConfig, type ServerConfigValue } from "./config/ServerConfig.ts"
import { ActorTree } from "./services/ActorTree.ts"
import { ApiKey } from "./services/ApiKey.ts"
import { listenAdmin } from "./services/adminPort.ts"
import { EventLoopDelay } from "./services/EventLoopDelay.ts"
import * as HttpApi from "./services/HttpApi.ts"
import { Hub } from "./services/Hub.ts"
import { Admission } from "./services/hot/Admission.ts"
import { Intake } from "./services/hot/Intake.ts"
import { Keepalive } from "./services/hot/Keepalive.ts"
import { forkLongLived } from "./services/longLived.ts"
import { Metrics } from "./services/Metrics.ts"
import { makeNow } from "./services/now.ts"
import { connectionCapacity, openFileLimit } from "./services/openFiles.ts"
import { Publisher } from "./services/Publisher.ts"
import * as ProcessMetrics from "./services/processMetrics.ts"
import { actorSamples, serviceSamples } from "./services/serviceMetrics.ts"
import { Transport } from "./services/Transport.ts"
import { layerTransport } from "./services/transportLayer.ts"

/** Time that clients get to answer the close frame before their sockets are cut. */
const CLOSE_GRACE = Duration.seconds(1)

const makeIntake = Effect.gen(function* () {
  const { limits } = yield* ServerConfig
  const { placement } = yield* ShardSupervisor
  const intake = new Intake(
    new Admission(
      connectionCapacity(openFileLimit()),
      limits.handshakesPerSecond,
      limits.connectionsPerAddress
    ),
    new Keepalive(Duration.toMillis(limits.pingInterval), Duration.toMillis(limits.idleTimeout)),
    placement,
    limits.messageSize,
    yield* makeNow
  )
  if (intake.keepalive.isOn) {
    const tick = Effect.sync(() => intake.keepalive.tick())
    yield* forkLongLived(
      "keepalive",
      Effect.forever(Effect.andThen(Effect.sleep(intake.keepalive.tickMs), tick))
    )
  }
  return intake
})

/** Completes when no connection is left. */
const empty = (intake: Intake) =>
  Effect.gen(function* () {
    const isEmpty = yield* Deferred.make<void>()
    intake.onEmpty = () => Deferred.doneUnsafe(isEmpty, Effect.void)
    if (intake.counters.live > 0) yield* Deferred.await(isEmpty)
  })

const make = Effect.gen(function* () {
  const config = yield* ServerConfig
  const transport = yield* Transport
  const shards = yield* ShardSupervisor
  const publisher = yield* Publisher
  const intake = yield* makeIntake
  const metrics = yield* Metrics
  const tree = yield* ActorTree
  yield* metrics.register(Effect.sync(() => serviceSamples(intake, publisher, shards)))
  yield* metrics.register(Effect.map(tree.snapshot, actorSamples))

  let isAccepting = false
  yield* tree.register("primary", () => ({
    state: isAccepting ? "serving" : "draining",
    connections: intake.counters.live
  }))
  const readiness = Effect.map(publisher.connections, (connections) => ({
    isReady: isAccepting,
    connections
  }))
  const full = yield* HttpApi.makeFull(readiness)
  const http = config.admin.port === undefined ? full : yield* HttpApi.makePublic(readiness)
  const adminPort = yield* listenAdmin(config, full)
  const listener = yield* transport.listen({ intake, decide: shards.hooks.decide, http })
  isAccepting = true
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      isAccepting = false
      intake.isDraining = true
      yield* listener.stopAccepting
      yield* Effect.logInfo(`closing ${intake.counters.live} connections`)
      // Half of the time for broadcasts under way, which others may go on publishing to the end, and half for closing.
      const half = Duration.times(config.shutdown.timeout, 0.5)
      yield* Effect.timeoutOption(publisher.settled, half)
      yield* Effect.timeoutOption(shards.drain(half), Duration.sum(half, CLOSE_GRACE))
      yield* Effect.timeoutOption(empty(intake), CLOSE_GRACE)
    })
  )
  const secure = config.server.tls.cert === undefined ? "" : "s"
  yield* Effect.logInfo(
    `serving on ws${secure}://${config.server.ip}:${listener.port} over ${transport.name}, ${shards.actors.length} shards` +
      (adminPort === undefined ? "" : `; API on http${secure}://${config.admin.ip}:${adminPort}`)
  )
  return PushServer.of({ port: listener.port, adminPort, transport: transport.name, failure: shards.failure })
})

export class PushServer extends Context.Service<
  PushServer,
  {
    /** The port that was bound. */
    readonly port: number
    readonly adminPort: number | undefined
    readonly transport: "uws" | "ws"
    /** Fails when the service cannot go on by itself: a shard's restart budget is spent. Never succeeds. */
    readonly failure: Effect.Effect<never, RestartBudgetSpent>
  }
>()("clarion/PushServer") {
  /** The service with `Publisher`, `ActorTree` and `Metrics` to use beside it. Hooks are taken from the `Hooks` reference. */
  static readonly layer = (config: ServerConfigValue) =>
    Layer.effect(this, make).pipe(
      Layer.merge(BroadcastTimer.layer),
      Layer.provideMerge(ShardSupervisor.layer),
      Layer.provideMerge(Publisher.layer),
      Layer.provideMerge(Layer.mergeAll(Hub.layer, layerTransport)),
      Layer.provideMerge(Layer.mergeAll(ActorTree.layer, ApiKey.layer, ProcessMetrics.layer)),
      Layer.provideMerge(Layer.mergeAll(Metrics.layer, EventLoopDelay.layerWindow)),
      Layer.provideMerge(Layer.succeed(ServerConfig, config))
    )
}
