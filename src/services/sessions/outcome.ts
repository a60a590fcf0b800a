/** How a command of a client ends: with a reply, an error that is its reply, or the end of the connection. */
import * as Effect from "effect/Effect"
import type { Reply } from "../../protocol/centrifuge/messages.ts"
import { type CloseReason, CloseReasons } from "../../protocol/closeCodes.ts"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import type { TokenFailure } from "../auth/Tokens.ts"
import type { BackendFailure } from "../backend/Backend.ts"
import type { PublishFailure } from "../broker/Broker.ts"
import type { TooManyClients } from "../Presence.ts"

/** The reply is this error. Plain objects: a stack trace of an ordinary answer would only cost. */
export class Refused {
  readonly _tag = "Refused"
  constructor(readonly error: ErrorCode) {}
}

/** The connection is closed. */
export class Closed {
  readonly _tag = "Closed"
  constructor(readonly why: CloseReason) {}
}

export type Failure = Refused | Closed

export interface Answer {
  readonly reply: Reply
  /** Done when the reply is on its way. */
  readonly after?: () => void
}

export type Outcome = Effect.Effect<Answer, Failure>

export const refuse = (error: ErrorCode): Effect.Effect<never, Failure> => Effect.fail(new Refused(error))
export const close = (why: CloseReason): Effect.Effect<never, Failure> => Effect.fail(new Closed(why))

/** What clients are told of a token that is not good. */
export const tokenFailure = (failure: TokenFailure): Failure => {
  switch (failure._tag) {
    case "TokenExpired":
      return new Refused(ErrorCodes.tokenExpired)
    case "TokenInvalid":
      return new Closed(CloseReasons.invalidToken)
    case "KeysUnavailable":
      return new Refused(ErrorCodes.internal)
  }
}

/** What clients are told where the application refused, or could not be asked. */
export const backendFailure = (failure: BackendFailure): Failure => {
  switch (failure._tag) {
    case "BackendFailed":
      return new Refused(ErrorCodes.internal)
    case "BackendError": {
      const { code, message, isTemporary } = failure
      return new Refused({ code, message, isTemporary })
    }
    case "BackendDisconnect":
      return new Closed({ code: failure.code, reason: failure.reason })
  }
}

const ERRORS = {
  BrokerUnavailable: ErrorCodes.internal,
  PublicationTooLarge: ErrorCodes.badRequest,
  TooManyClients: ErrorCodes.limitExceeded
}

/** What clients are told where the broker or presence has failed. */
export const brokerFailure = ({ _tag }: PublishFailure | TooManyClients): Failure => new Refused(ERRORS[_tag])
