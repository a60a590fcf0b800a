/** The rpc command: a question to the application. */
import * as Effect from "effect/Effect"
import type { RpcRequest } from "../../protocol/centrifuge/messages.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { backendFailure, type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"

export const rpc = (session: Session, { method = "", data }: RpcRequest): Outcome => {
  const { backend, config } = session.env
  const { ping } = config.rpc
  if (ping.enabled && method === ping.method) return Effect.succeed({ reply: { rpc: {} } })
  const ask = backend.rpc(method)
  if (ask === undefined) return refuse(ErrorCodes.notAvailable)
  return Effect.mapBoth(ask({ ...session.userFacts(), method, data }), {
    onFailure: backendFailure,
    onSuccess: (answer) => ({ reply: { rpc: { data: answer } } })
  })
}
