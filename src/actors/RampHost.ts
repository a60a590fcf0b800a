/**
 * The ramps of a child process, and what it answers its parent. It measures for itself and tells nothing that it is not asked for: between
 * two questions there are only sockets.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EndedConnections } from "../client/EndedConnections.ts"
import { RunMetrics } from "../client/metrics/RunMetrics.ts"
import { loadSince } from "../client/processLoad.ts"
import type { FromRamps, ProcessNews, ToRamps } from "../client/processMessages.ts"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import { ActorTree } from "../services/ActorTree.ts"
import { EventLoopDelay } from "../services/EventLoopDelay.ts"
import { makeNow } from "../services/now.ts"
import { RampSupervisor } from "./RampSupervisor.ts"

export interface RampHostOptions {
  readonly config: ClientConfigValue
  readonly prepared: Extract<ToRamps, { _tag: "Prepare" }>
  readonly startedAt: number
  /** What was logged since it was asked last. */
  readonly takeLog: () => ProcessNews["log"]
}

/** Starts the ramps; they end with the scope. */
export const makeRampHost = Effect.fnUntraced(function* (options: RampHostOptions) {
  const { config, startedAt, takeLog } = options
  const { address, shares, target, delayResolution } = options.prepared
  const now = yield* makeNow
  const loadNow = loadSince(now())
  const metrics = new RunMetrics(startedAt)
  const ended = new EndedConnections()
  const ramps = RampSupervisor.layer({ address, config, shares, target, metrics, ended })
  const context = yield* Layer.build(
    Layer.provideMerge(ramps, Layer.merge(ActorTree.layer, EventLoopDelay.layerWhole(delayResolution)))
  )
  const supervisor = Context.get(context, RampSupervisor)
  const delay = Context.get(context, EventLoopDelay)
  const hear = (broadcast: number | null) => {
    if (broadcast !== null) metrics.expectBroadcast(broadcast, now())
  }
  const glance = () => ({
    phase: supervisor.phase(),
    counts: metrics.counts(),
    ramps: supervisor.probes(),
    news: { ended: ended.take(), latestEnd: ended.latest, log: takeLog() }
  })
  return {
    answer: (message: Extract<ToRamps, { _tag: "AskGlance" | "AskSnapshot" }>): FromRamps => {
      hear(message.broadcast)
      return message._tag === "AskGlance"
        ? { _tag: "Glance", glance: glance() }
        : {
            _tag: "Snapshot",
            snapshot: metrics.snapshot(now(), message.seriesFromMs),
            counts: metrics.counts(),
            load: loadNow(now(), delay.read())
          }
    },
    obey: supervisor.order,
    /** Closes everything; completes with the last message. */
    stop: Effect.map(supervisor.stop, (): FromRamps => ({ _tag: "Stopped", glance: glance() })),
    failure: supervisor.failure
  }
})
