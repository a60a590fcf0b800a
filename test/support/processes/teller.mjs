// A process that tells webhook events and is killed while it delivers them: node teller.mjs <endpoint> <store> <events>
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ServerConfig, serverConfig } from "../../../dist/config/ServerConfig.js"
import { Metrics } from "../../../dist/services/Metrics.js"
import { SessionEvents } from "../../../dist/services/SessionEvents.js"
import { layerSessionEvents } from "../../../dist/services/webhooks/sessionEventsLayer.js"

const [, , endpoint, path, count] = process.argv
const webhooks = { endpoint, secret: "secret", batchSize: 3, batchDelay: 0, timeout: "1 hour" }
const config = Result.getOrThrow(serverConfig({ store: { path }, webhooks }))

Effect.runFork(
  Effect.gen(function* () {
    const { tell } = yield* SessionEvents
    for (let n = 0; n < Number(count); n++) tell({ _tag: "ChannelOccupied", channel: `c${n}` })
    yield* Effect.never
  }).pipe(
    Effect.provide(
      layerSessionEvents.pipe(Layer.provide([Metrics.layer, Layer.succeed(ServerConfig, config)]))
    )
  )
)
