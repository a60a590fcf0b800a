/** Clients that say they have what a receipt is of. */
import * as Effect from "effect/Effect"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import type { AckAnswer, AckDesk } from "../receipts/AckDesk.ts"
import { acknowledgedId } from "../receipts/ackFrame.ts"
import { type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"

/** As of a channel: what it is of is not known here, or its time is over. */
const UNKNOWN: ErrorCode = { ...ErrorCodes.unknownChannel, message: "unknown receipt" }

const errors: { readonly [A in AckAnswer]: ErrorCode | undefined } = {
  counted: undefined,
  // Whoever repeats it has not heard that it was counted.
  repeated: undefined,
  unknown: UNKNOWN,
  full: ErrorCodes.tooManyRequests
}

/** The RPC `ack`. */
export const acknowledge = (session: Session, desk: AckDesk, data: Uint8Array | undefined): Outcome => {
  const id = acknowledgedId(data)
  if (id === undefined) return refuse(ErrorCodes.badRequest)
  const error = errors[desk.take(session.connection, id)]
  return error === undefined ? Effect.succeed({ reply: { rpc: {} } }) : refuse(error)
}
