/** Which transport serves: uWebSockets.js where its binary loads, else ws, and what that costs is said once. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { ServerConfig, type ServerConfigValue } from "../config/ServerConfig.ts"
import { layerUws, loadUws } from "./uws/UwsTransport.ts"

/** Loaded where it serves: with Node's HTTP it costs 3 MB of a process. */
const loadWs = Effect.promise(() => import("./ws/WsTransport.ts")).pipe(
  Effect.map(({ layerWs }) => ({ name: "ws", layer: layerWs }) as const)
)

/** `server.transport` is "uws", and its binary does not load on this Node. */
export class TransportMissing extends Data.TaggedError("TransportMissing")<{ readonly detail: string }> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    return `server.transport is "uws", but uWebSockets.js does not load on Node ${process.version}: ${this.detail}`
  }
}

/** The transport of `server.transport` where it loads. */
const find = Effect.fnUntraced(function* ({ server }: ServerConfigValue) {
  if (server.transport === "ws") return yield* loadWs
  return yield* loadUws.pipe(
    Effect.map((module) => ({ name: "uws", layer: layerUws(module) }) as const),
    Effect.catch((error) => {
      const detail = error.message.split("\n")[0] ?? ""
      if (server.transport === "uws") return Effect.fail(new TransportMissing({ detail }))
      return Effect.andThen(
        Effect.logWarning(
          `uWebSockets.js does not load on Node ${process.version}, so ws serves: about six times the memory for a connection and ` +
            `twice the CPU for a message. README, "Other Node versions", tells how to add a build for this Node. (${detail})`
        ),
        loadWs
      )
    })
  )
})

/** Which it is, for processes that leave the serving to others. */
export const chooseTransport = (config: ServerConfigValue) => Effect.map(find(config), ({ name }) => name)

export const layerTransport = Layer.unwrap(
  Effect.map(Effect.flatMap(ServerConfig, find), ({ layer }) => layer)
)
