/** The rpc command: a question to the application. */
import * as Effect from "effect/Effect"
import type { RpcRequest } from "../../protocol/centrifuge/messages.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import { ACK_METHOD } from "../receipts/ackFrame.ts"
import { acknowledge } from "./acknowledge.ts"
import { backendFailure, type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"

export const rpc = (session: Session, { method = "", data }: RpcRequest): Outcome => {
  const { backend, config, acks } = session.env
  const { ping } = config.rpc
  if (ping.enabled && method === ping.method) return Effect.succeed({ reply: { rpc: {} } })
  if (acks !== undefined && method === ACK_METHOD) return acknowledge(session, acks, data)
  const ask = backend.rpc(method)
  if (ask === undefined) return refuse(ErrorCodes.notAvailable)
  return Effect.mapBoth(ask({ ...session.userFacts(), method, data }), {
    onFailure: backendFailure,
    onSuccess: (answer) => ({ reply: { rpc: { data: answer } } })
  })
}
