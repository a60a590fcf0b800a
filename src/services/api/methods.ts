/** Every method of the server API that is one command, by name. */
import * as Effect from "effect/Effect"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { Broker } from "../broker/Broker.ts"
import { Control } from "../Control.ts"
import { Channels } from "../channels/Channels.ts"
import { Metrics } from "../Metrics.ts"
import { Presence } from "../Presence.ts"
import { Receipts } from "../receipts/Receipts.ts"
import { Tracing } from "../tracing/Tracing.ts"
import { tracedBroker } from "../tracing/tracedBroker.ts"
import { ApiCounters } from "./apiSamples.ts"
import { makeChannelMethods } from "./channelMethods.ts"
import { makeClients } from "./clients.ts"
import { type Decoded, decoders, isUnusable, type Unusable } from "./decode.ts"
import { makeNodeMethods } from "./nodeMethods.ts"
import { type Outcome, withoutDefects } from "./outcome.ts"
import { makePublishing } from "./publishing.ts"
import { RpcMethods } from "./RpcMethods.ts"
import { type Shape, shapeOf } from "./readJson.ts"
import { type MethodName, type RequestOf, requests } from "./requests.ts"

/** A command that was decoded. It does not fail: what goes wrong is its outcome. */
export type Command = Effect.Effect<Outcome>

export interface Methods {
  /** The command that the value of a request means; "undecodable" where one of its types is wrong. */
  readonly command: (method: MethodName, value: unknown) => Command | Extract<Unusable, "undecodable">
}

/** How the text of each request is read. */
export const shapes = Object.fromEntries(
  Object.entries(requests).map(([name, schema]) => [name, shapeOf(schema)])
) as { readonly [M in MethodName]: Shape }

export const isMethodName = (name: string): name is MethodName => Object.hasOwn(requests, name)

export const makeMethods = Effect.gen(function* () {
  const { limits } = yield* ServerConfig
  const broker = yield* Broker
  const presence = yield* Presence
  const control = yield* Control
  const channels = yield* Channels
  const run: { readonly [M in MethodName]: (request: RequestOf<M>) => Command } = {
    ...makePublishing(tracedBroker(broker, yield* Tracing), channels, yield* Receipts),
    ...makeClients(control, channels),
    ...makeChannelMethods(broker, presence, control, channels),
    ...makeNodeMethods(control, yield* RpcMethods, limits.hookTimeout)
  }
  const counters = new ApiCounters()
  yield* (yield* Metrics).register(Effect.sync(() => counters.samples()))

  const begin = <M extends MethodName>(method: M, request: Decoded<RequestOf<M>>): Command =>
    isUnusable(request)
      ? Effect.succeed(ErrorCodes.badRequest)
      : withoutDefects(
          method,
          Effect.suspend(() => run[method](request))
        )

  const command = <M extends MethodName>(method: M, value: unknown): Command | "undecodable" => {
    const request = decoders[method](value)
    if (request === "undecodable") return request
    counters.begun(method)
    return Effect.map(begin(method, request), counters.done)
  }
  return { command } satisfies Methods
})
