/**
 * The whole service as a layer: what `node dist/server.js` launches and what another Effect program can embed.
 *
 * With `server.workers` 0 it is one process; else this process is the primary of worker processes. Start and end are decided here. At the
 * end: no new connections; broadcasts under way are finished; everyone is closed with 1012, spread over `shutdown.timeout`; shards
 * and workers stop; what is left is cut.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BroadcastTimer from "./actors/BroadcastTimer.ts"
import * as LocalServing from "./actors/LocalServing.ts"
import * as ScheduleTimer from "./actors/ScheduleTimer.ts"
import { ShardSupervisor } from "./actors/ShardSupervisor.ts"
import * as WorkerServing from "./actors/WorkerServing.ts"
import { ServerConfig, type ServerConfigValue } from "./config/ServerConfig.ts"
import { ActorTree } from "./services/ActorTree.ts"
import { ApiKey } from "./services/ApiKey.ts"
import { Access } from "./services/admin/Access.ts"
import { layerTokens, OwnTokenKey } from "./services/admin/ownTokens.ts"
import { DASHBOARD, DEMO, makePages } from "./services/admin/Pages.ts"
import { startLink } from "./services/admin/startLink.ts"
import { listenAdmin } from "./services/adminPort.ts"
import { ServerApi } from "./services/api/ServerApi.ts"
import { layerBackend } from "./services/backend/backendLayer.ts"
import { ClientPublications } from "./services/ClientPublications.ts"
import type { Control } from "./services/Control.ts"
import * as ChannelOccupancy from "./services/channelOccupancy.ts"
import { Channels } from "./services/channels/Channels.ts"
import { alone, joined } from "./services/cluster/placement.ts"
import * as Feeds from "./services/dashboard/feeds.ts"
import { Overviews } from "./services/dashboard/Overviews.ts"
import { ONLY_PROCESS } from "./services/dashboard/overviewOf.ts"
import { ServerLife } from "./services/dashboard/ServerLife.ts"
import { EventLoopDelay } from "./services/EventLoopDelay.ts"
import * as HttpApi from "./services/HttpApi.ts"
import { Hub } from "./services/Hub.ts"
import { LargestChannels } from "./services/LargestChannels.ts"
import { Metrics } from "./services/Metrics.ts"
import { Publisher } from "./services/Publisher.ts"
import * as ProcessMetrics from "./services/processMetrics.ts"
import { layerAcknowledgements } from "./services/receipts/AckDesk.ts"
import { type Failure, Serving } from "./services/Serving.ts"
import { SlowConsumers } from "./services/SlowConsumers.ts"
import { ScheduleRuns } from "./services/schedules/ScheduleRuns.ts"
import { layer as schedulerLayer } from "./services/schedules/schedulerLayer.ts"
import { actorSamples } from "./services/serviceMetrics.ts"
import { layerLocal } from "./services/sessions/localControl.ts"
import { Sessions } from "./services/sessions/Sessions.ts"
import { layerStore } from "./services/store/storeLayer.ts"
import * as Tracing from "./services/tracing/Tracing.ts"
import { layerTransport } from "./services/transportLayer.ts"
import { layerSessionEvents } from "./services/webhooks/sessionEventsLayer.ts"

/** What answers plain HTTP: all of it, and what of it is on `server.port`. */
const makeHandlers = Effect.fnUntraced(function* (
  config: ServerConfigValue,
  readiness: Effect.Effect<HttpApi.Readiness>
) {
  const isShared = config.admin.port === undefined
  // The demo is where its connections go.
  const demo = config.demo.enabled ? DEMO : {}
  const pages = yield* makePages(isShared ? { ...DASHBOARD, ...demo } : DASHBOARD)
  const full = yield* HttpApi.makeFull(readiness, pages)
  const ofServer = isShared ? full : yield* HttpApi.makePublic(readiness, yield* makePages(demo))
  return { full, ofServer, hasDashboard: pages.has("/") }
})

const make = Effect.gen(function* () {
  const config = yield* ServerConfig
  const serving = yield* Serving
  const publisher = yield* Publisher
  const tree = yield* ActorTree
  yield* (yield* Metrics).registerDetails(
    Effect.sync(tree.known).pipe(Effect.tap(Effect.yieldNow), Effect.flatMap(actorSamples))
  )

  const life = yield* ServerLife
  const hub = yield* Hub
  yield* tree.register("primary", () => ({ state: life.state, connections: hub.size() }))
  const readiness = Effect.sync(() => ({ isReady: life.state === "serving", connections: hub.size() }))
  const { full, ofServer, hasDashboard } = yield* makeHandlers(config, readiness)
  let port: number | undefined
  const adminPort = yield* listenAdmin(config, full, () => port)
  const served = yield* serving.begin(ofServer)
  port = served.port
  life.state = "serving"
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      life.state = "draining"
      yield* served.stopAccepting
      yield* Effect.logInfo(`closing ${hub.size()} connections`)
      // Half of the time for broadcasts under way, which others may go on publishing to the end, and half for closing.
      const half = Duration.times(config.shutdown.timeout, 0.5)
      yield* Effect.timeoutOption(publisher.settled, half)
      yield* served.drain(half)
    })
  )
  const secure = config.server.tls.cert === undefined ? "" : "s"
  yield* Effect.logInfo(
    `serving on ws${secure}://${config.server.ip}:${served.port} over ${served.transport}, ${served.size}` +
      (adminPort === undefined ? "" : `; API on http${secure}://${config.admin.ip}:${adminPort}`)
  )
  if (hasDashboard)
    yield* Effect.logInfo(`dashboard on ${yield* startLink(config, adminPort ?? served.port)}`)
  return PushServer.of({
    port: served.port,
    adminPort,
    transport: served.transport,
    failure: served.failure
  })
})

const layerServingHere = LocalServing.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(ShardSupervisor.layer, layerLocal, LargestChannels.layerHere)),
  Layer.provideMerge(Sessions.layer),
  Layer.provide(Layer.mergeAll(ClientPublications.layer, layerTransport, layerTokens, layerBackend))
)

type ServingLayer = typeof layerServingHere | typeof WorkerServing.layer

/** Who holds the connections, here or in workers. */
const layerServing: (
  config: ServerConfigValue
) => Layer.Layer<
  Control | LargestChannels | Serving,
  Layer.Error<ServingLayer>,
  Layer.Services<ServingLayer>
> = ({ server: { workers } }) => (workers === 0 ? layerServingHere : WorkerServing.layer)

/** This node alone, or as one of several: what it shares with others stands behind the same services. */
const layerNode = ({ broker }: ServerConfigValue) => (broker.type === "nats" ? joined : alone)

/** What channels are, and what they keep. */
const layerChannels = (config: ServerConfigValue) =>
  Layer.mergeAll(Channels.layer, layerSessionEvents, layerNode(config).broker)

/** Schedules and their runs. */
const layerSchedules = (config: ServerConfigValue) =>
  schedulerLayer.pipe(Layer.provideMerge(ScheduleRuns.layer), Layer.provideMerge(layerNode(config).schedules))

export class PushServer extends Context.Service<
  PushServer,
  {
    /** The port that was bound. */
    readonly port: number
    readonly adminPort: number | undefined
    readonly transport: "uws" | "ws"
    /** Fails when the service cannot go on by itself: the restart budget of a shard, or of the last worker, is spent. Never succeeds. */
    readonly failure: Effect.Effect<never, Failure>
  }
>()("clarion/PushServer") {
  /** The service with `Publisher`, `Scheduler`, `ActorTree` and `Metrics` to use beside it. Hooks are taken from the `Hooks` reference. */
  static readonly layer = (config: ServerConfigValue) =>
    Layer.effect(this, make).pipe(
      Layer.merge(
        Layer.mergeAll(BroadcastTimer.layer, ScheduleTimer.layer, ChannelOccupancy.layer, Feeds.layer)
      ),
      Layer.provideMerge(Overviews.layer),
      Layer.provide(ServerApi.layer),
      Layer.provide(Access.layer),
      Layer.provideMerge(layerSchedules(config)),
      Layer.provideMerge(layerNode(config).serving(layerServing(config))),
      Layer.provideMerge(layerChannels(config)),
      Layer.provideMerge(layerNode(config).sessions),
      Layer.provideMerge(Publisher.layer),
      Layer.provideMerge(layerNode(config).receipts),
      Layer.provideMerge(
        Layer.mergeAll(
          Hub.layer,
          ActorTree.layer,
          Layer.provideMerge(OwnTokenKey.layer, ApiKey.layer),
          ServerLife.layer,
          SlowConsumers.layer(ONLY_PROCESS),
          layerStore,
          layerAcknowledgements(config.server.workers === 0),
          ProcessMetrics.layer(config.server.workers === 0 ? {} : { process: "primary" })
        )
      ),
      Layer.provideMerge(Tracing.layer),
      Layer.provideMerge(Layer.mergeAll(Metrics.layer, EventLoopDelay.layerWindow())),
      Layer.provideMerge(Layer.succeed(ServerConfig, config))
    )
}
