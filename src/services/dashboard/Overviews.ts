/** The state of the whole server as it is, and as it was while somebody looked. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ClusterState, Overview } from "../../protocol/dashboard.ts"
import { Hub } from "../Hub.ts"
import { Metrics } from "../Metrics.ts"
import { makeNow } from "../now.ts"
import { overviewOf } from "./overviewOf.ts"
import { ServerLife } from "./ServerLife.ts"

/** Ten minutes of them. */
export const OVERVIEWS_KEPT = 600

/** All nodes now; undefined: this one is alone. */
export const Cluster = Context.Reference<() => ClusterState | undefined>(
  "clarion/services/dashboard/Cluster",
  { defaultValue: () => () => undefined }
)

export class Overviews extends Context.Service<
  Overviews,
  {
    /** As it is now: what is known of other processes, without asking them. */
    readonly now: Effect.Effect<Overview>
    /** Keeps one, as JSON text; the oldest goes where there are too many. */
    readonly keep: (overview: string) => void
    /** Those that are kept, oldest first: the JSON text of an array of `Overview`. */
    readonly kept: () => string
  }
>()("clarion/services/dashboard/Overviews") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const hub = yield* Hub
      const metrics = yield* Metrics
      const life = yield* ServerLife
      const now = yield* makeNow
      const cluster = yield* Cluster
      const texts: Array<string> = []
      return Overviews.of({
        now: Effect.map(metrics.known, (samples) => {
          const nodes = cluster()
          return overviewOf(samples, {
            at: Math.round(now()),
            life: life.id,
            startedAt: life.startedAt,
            state: life.state,
            connections: hub.size(),
            timeToLastWriteMs: hub.newest.timeToLastWriteMs,
            ...(nodes === undefined ? {} : { cluster: nodes })
          })
        }),
        keep: (overview) => {
          texts.push(overview)
          if (texts.length > OVERVIEWS_KEPT) texts.shift()
        },
        kept: () => `[${texts.join(",")}]`
      })
    })
  )
}
