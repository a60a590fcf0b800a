/** The schedules of a cluster, as one of its nodes has them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Roster } from "../../../src/services/cluster/Roster.ts"
import { Hub } from "../../../src/services/Hub.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { layerNats } from "../../../src/services/schedules/nats/natsSchedules.ts"
import { ScheduleStore } from "../../../src/services/schedules/ScheduleStore.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { natsConfig } from "../nats/natsLink.ts"

/** What NATS has to take for the largest schedules of the suite. */
export const LARGE = "max_payload: 64MB"

/** In the scope. */
export const natsStore = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  replicas = 1,
  prefix = "clarion"
) {
  const config = natsConfig(servers, {
    reconnectWait: 50,
    reconnectJitter: 0,
    requestTimeout: "10 seconds",
    replicas,
    prefix
  })
  const context = yield* Layer.build(
    layerNats.pipe(
      Layer.provideMerge(Layer.mergeAll(Leadership.layerNats, Roster.layer())),
      Layer.provideMerge(NatsLink.layer),
      Layer.provide([Metrics.layer, Hub.layer, Layer.succeed(ServerConfig, config)])
    )
  )
  return {
    store: Context.get(context, ScheduleStore),
    leadership: Context.get(context, Leadership),
    link: Context.get(context, NatsLink)
  }
})
