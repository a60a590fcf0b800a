/** All ramps in this process. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EndedConnections } from "../client/EndedConnections.ts"
import { RunMetrics } from "../client/metrics/RunMetrics.ts"
import { loadSince } from "../client/processLoad.ts"
import type { RampShare } from "../client/RampSockets.ts"
import type { ResolvedTarget } from "../client/target.ts"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { EventLoopDelay } from "../services/EventLoopDelay.ts"
import { makeNow } from "../services/now.ts"
import type { Crew } from "./Crew.ts"
import { RampSupervisor } from "./RampSupervisor.ts"

export interface LocalCrewOptions {
  readonly config: ClientConfigValue
  readonly shares: ReadonlyArray<RampShare>
  readonly target: ResolvedTarget
}

export const makeLocalCrew = Effect.fnUntraced(function* (options: LocalCrewOptions) {
  const now = yield* makeNow
  const startedAt = now()
  const loadNow = loadSince(startedAt)
  const metrics = new RunMetrics(startedAt)
  const ended = new EndedConnections()
  const context = yield* Layer.build(
    Layer.merge(RampSupervisor.layer({ ...options, metrics, ended }), EventLoopDelay.layerWhole())
  )
  const ramps = Context.get(context, RampSupervisor)
  const delay = Context.get(context, EventLoopDelay)
  const crew: Crew = {
    processes: 1,
    shares: options.shares.map(({ clients }) => clients),
    startedAt: () => startedAt,
    begun: Effect.void,
    phase: ramps.phase,
    glance: () => metrics.glance(),
    broadcast: () => metrics.broadcast,
    look: Effect.sync(() => metrics.glance()),
    snapshot: Effect.sync(() => {
      const takenAt = now()
      return {
        ...{ takenAt, snapshot: metrics.snapshot(takenAt), doubts: [] },
        client: {
          ...{ processes: 1, rampRestarts: ramps.restarts() },
          ...loadNow(takenAt, delay.read())
        }
      }
    }),
    ended,
    order: (order) => Effect.sync(() => ramps.order(order)),
    stop: ramps.stop,
    failure: ramps.failure
  }
  return crew
})
