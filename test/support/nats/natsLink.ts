/** Connections of nodes to the NATS servers of a test. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Settings } from "../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue, serverConfig } from "../../../src/config/ServerConfig.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import type { NatsServer } from "./NatsServer.ts"

export type NatsSettings = Settings<ServerConfigValue["broker"]["nats"]>

export const natsConfig = (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  settings: NatsSettings = {}
): ServerConfigValue =>
  Result.getOrThrow(
    serverConfig({
      broker: { type: "nats", nats: { servers: servers.map(({ url }) => url), ...settings } }
    })
  )

/** One node's connection, in the scope. */
export const linkTo = (servers: ReadonlyArray<Pick<NatsServer, "url">>, settings: NatsSettings = {}) =>
  Effect.map(
    Layer.build(
      NatsLink.layer.pipe(
        Layer.provide(Metrics.layer),
        Layer.provide(Layer.succeed(ServerConfig, natsConfig(servers, settings)))
      )
    ),
    (context) => context.mapUnsafe.get(NatsLink.key) as NatsLink["Service"]
  )
