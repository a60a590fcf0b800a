/** Methods that an embedding program adds to the server API: `POST /api/rpc {"method": "…", "params": …}`. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ErrorCode } from "../../protocol/codes.ts"

/** What an error of the API says. */
export type ApiError = Pick<ErrorCode, "code" | "message">

/**
 * Takes the source text of `params` in UTF-8, empty when there are none, and gives JSON in UTF-8; no bytes are no data. It is
 * interrupted after `limits.hookTimeout`; then, and when it dies, the answer is error 100.
 */
export type RpcMethod = (params: Uint8Array) => Effect.Effect<Uint8Array, ApiError>

/** By name. The built-in value has none. */
export const RpcMethods = Context.Reference<ReadonlyMap<string, RpcMethod>>(
  "clarion/services/api/RpcMethods",
  {
    defaultValue: () => new Map()
  }
)
