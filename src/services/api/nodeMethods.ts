/** The methods info, about the processes of this service, and rpc, for what an embedding program adds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { isJson } from "../../protocol/centrifuge/json.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { Control } from "../Control.ts"
import type { Outcome } from "./outcome.ts"
import type { RpcMethod } from "./RpcMethods.ts"
import type { InfoRequest, RpcRequest } from "./requests.ts"
import { dataJson, infoJson } from "./resultJson.ts"

const NO_PARAMS = new Uint8Array()

export const makeNodeMethods = (
  control: Control["Service"],
  rpcMethods: ReadonlyMap<string, RpcMethod>,
  rpcTimeout: Duration.Duration
) => {
  const info = (_: InfoRequest): Effect.Effect<Outcome> => Effect.map(control.nodes, infoJson)

  const rpc = ({ method, params = NO_PARAMS }: RpcRequest): Effect.Effect<Outcome> => {
    const run = rpcMethods.get(method)
    if (run === undefined) return Effect.succeed(ErrorCodes.methodNotFound)
    const failed = (why: string) =>
      Effect.as(Effect.logError(`RPC method ${method} ${why}`), ErrorCodes.internal)
    return Effect.suspend(() => run(params)).pipe(
      Effect.flatMap((data) =>
        data.length === 0 || isJson(data)
          ? Effect.succeed<Outcome>(dataJson(data))
          : failed("answered with something else than JSON")
      ),
      Effect.catch((error) => Effect.succeed<Outcome>(error)),
      Effect.timeoutOrElse({
        duration: rpcTimeout,
        orElse: () => failed(`did not answer within ${Duration.format(rpcTimeout)}`)
      })
    )
  }

  return { info, rpc }
}
