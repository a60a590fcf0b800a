/** The client sessions of this process: the routes by which they come, what the server API does to them, and their timers. */
import { randomUUID } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { version } from "../../config/commandLine.ts"
import { ServerConfig, type ServerConfigValue } from "../../config/ServerConfig.ts"
import { deltaOf } from "../../protocol/fossilDelta.ts"
import { makeOriginCheck } from "../auth/origins.ts"
import { Tokens } from "../auth/Tokens.ts"
import { Backend } from "../backend/Backend.ts"
import { Broker } from "../broker/Broker.ts"
import type { ControlCommand, NodeInfo } from "../Control.ts"
import { Channels } from "../channels/Channels.ts"
import { isOwnChannel } from "../channels/ownChannels.ts"
import { Emulation } from "../Emulation.ts"
import { Hub } from "../Hub.ts"
import type { Intake } from "../hot/Intake.ts"
import { Keepalive } from "../hot/Keepalive.ts"
import { SlowLog } from "../hot/SlowLog.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { Presence } from "../Presence.ts"
import { Acknowledgements } from "../receipts/AckDesk.ts"
import { SessionEvents } from "../SessionEvents.ts"
import type { HttpAnswer, PlainRequest, UpgradeRoute } from "../Transport.ts"
import { applyControl } from "./control.ts"
import { emulate, emulationRoute } from "./emulationRoute.ts"
import { eventsRoute } from "./eventsRoute.ts"
import { Interest } from "./Interest.ts"
import { Missed } from "./Missed.ts"
import { checkPositions, type Suspects } from "./positions.ts"
import { Registry } from "./Registry.ts"
import { rawRoute } from "./rawRoute.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { SessionTimers } from "./SessionTimers.ts"
import { SessionCounters, sessionSamples } from "./sessionSamples.ts"
import { BODY_LIMIT, type HttpRoute, streamRoutes } from "./streamRoutes.ts"
import { websocketRoutes } from "./websocketRoutes.ts"

/** Id and name of this process among those that hold connections. */
export const Node = Context.Reference<{ readonly uid: string; readonly name: string }>(
  "clarion/services/Node",
  {
    defaultValue: () => ({ uid: randomUUID(), name: "clarion" })
  }
)

/** Of the times that sessions keep, the shortest. */
const shortestTime = ({ client }: ServerConfigValue): number =>
  Math.min(
    ...[
      client.pingInterval,
      client.pongTimeout,
      client.staleCloseDelay,
      client.presenceUpdateInterval,
      client.expiredCloseDelay
    ]
      .map((time) => Duration.toMillis(time))
      .filter((ms) => ms > 0)
  )

/** By path. */
const httpRoutes = (env: SessionEnv, emulation: Emulation["Service"]): ReadonlyMap<string, HttpRoute> => {
  const { sse, httpStream, events } = env.config
  const routes = new Map(streamRoutes(env))
  if (sse.enabled || httpStream.enabled) routes.set("/emulation", emulationRoute(env, emulation))
  if (events.enabled) routes.set("/events", eventsRoute(env))
  return routes
}

const make = Effect.gen(function* () {
  const config = yield* ServerConfig
  const backend = yield* Backend
  const broker = yield* Broker
  const context = yield* Effect.context<never>()
  const fork = Effect.runForkWith(context)
  const registry = new Registry()
  const timers = new SessionTimers(shortestTime(config))
  const { uid, name } = yield* Node
  const now = yield* makeNow
  const startedAt = now()
  const env: SessionEnv = {
    config,
    node: uid,
    version,
    broker,
    presence: yield* Presence,
    tokens: yield* Tokens,
    backend,
    channels: yield* Channels,
    events: yield* SessionEvents,
    registry,
    counters: new SessionCounters(),
    timers,
    interest: new Interest(yield* Hub, broker, fork),
    framePings: new Keepalive(0, 0),
    slow: new SlowLog(name, now),
    isAllowedOrigin: makeOriginCheck(config.client.allowedOrigins),
    missed: new Missed(deltaOf),
    acks: yield* Acknowledgements,
    fork,
    forkLogged: (what, effect) => {
      fork(
        Effect.catchCause(effect, (cause) =>
          Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logWarning(`${what} failed`, cause)
        )
      )
    },
    now
  }
  yield* (yield* Metrics).register(Effect.sync(() => sessionSamples(registry, env.counters)))
  yield* forkLongLived(
    "session timers",
    Effect.forever(
      Effect.andThen(
        Effect.sleep(timers.tickMs),
        Effect.sync(() => timers.tick())
      )
    )
  )
  const suspects: Suspects = new Map()
  const check = Effect.catch(checkPositions(broker, registry, suspects), ({ message }) =>
    Effect.logWarning(`positions were not checked: ${message}`)
  )
  yield* forkLongLived(
    "position checks",
    Effect.forever(Effect.andThen(Effect.sleep(config.client.channelPositionCheckDelay), check))
  )

  const channelCounts = (): ReadonlyMap<string, number> => {
    const counts = new Map<string, number>()
    for (const session of registry.clients.values())
      for (const channel of session.subscriptions.keys())
        if (!session.isOwn || !isOwnChannel(channel)) counts.set(channel, (counts.get(channel) ?? 0) + 1)
    return counts
  }
  const http = httpRoutes(env, yield* Emulation)
  return Sessions.of({
    upgrades: websocketRoutes(env),
    upgradeWithChannels: rawRoute(env),
    bodyLimits: new Map([...http.keys()].map((path) => [path, BODY_LIMIT])),
    http: (request) => http.get(request.path)?.(request),
    emulate: (session, data) => emulate(env, session, data),
    attach: (intake) => {
      env.framePings = intake.framePings
      env.slow = intake.slow
    },
    apply: (command) => applyControl(env, command),
    channelCounts,
    info: () => {
      const counts = channelCounts()
      return {
        uid,
        name,
        version,
        numClients: registry.clients.size,
        numUsers: registry.users,
        numChannels: counts.size,
        numSubs: [...counts.values()].reduce((sum, count) => sum + count, 0),
        uptime: Math.floor((now() - startedAt) / 1000)
      }
    }
  })
})

export class Sessions extends Context.Service<
  Sessions,
  {
    /** WebSocket handshakes of the protocol, by path. */
    readonly upgrades: ReadonlyMap<string, UpgradeRoute>
    /** Those of raw WebSockets that name their channels, on any other path. */
    readonly upgradeWithChannels: UpgradeRoute | undefined
    /** Bytes that bodies of the protocol's HTTP transports may have, by path. */
    readonly bodyLimits: ReadonlyMap<string, number>
    /** Answers requests of the protocol's HTTP transports; undefined for all others. */
    readonly http: (request: PlainRequest) => Promise<HttpAnswer> | HttpAnswer | undefined
    /** Commands for a session whose connection is one-way; those for one that is gone are dropped. */
    readonly emulate: (session: string, data: Uint8Array) => void
    /** To be called with what counts and keeps the connections of this process, before the first comes. */
    readonly attach: (intake: Intake) => void
    readonly apply: (command: ControlCommand) => void
    /** Subscribers of each channel in this process, but for the server's own channels. */
    readonly channelCounts: () => ReadonlyMap<string, number>
    readonly info: () => NodeInfo
  }
>()("clarion/services/Sessions") {
  static readonly layer = Layer.effect(this, make)

  /** No routes: every connection is a raw one. */
  static readonly layerNone = Layer.succeed(this, {
    upgrades: new Map(),
    upgradeWithChannels: undefined,
    bodyLimits: new Map(),
    http: () => undefined,
    emulate: () => {},
    attach: () => {},
    apply: () => {},
    channelCounts: () => new Map(),
    info: () => ({
      uid: "",
      name: "",
      version,
      numClients: 0,
      numUsers: 0,
      numChannels: 0,
      numSubs: 0,
      uptime: 0
    })
  })
}
