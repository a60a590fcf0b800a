/** What became of one command: the text of its result, a JSON object, or an error. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { PublishFailure } from "../broker/Broker.ts"
import type { TooManyClients } from "../Presence.ts"
import type { ApiError } from "./RpcMethods.ts"

export type Outcome = string | ApiError

export const isError = (outcome: Outcome): outcome is ApiError => typeof outcome !== "string"

const writeError = ({ code, message }: ApiError): string =>
  `{"code":${code},"message":${JSON.stringify(message)}}`

/** Few errors are told again and again. */
const written = new Map<ApiError, string>(
  Object.values(ErrorCodes).map((error) => [error, writeError(error)] as const)
)

/** `{"code":…,"message":…}` */
export const errorJson = (error: ApiError): string => written.get(error) ?? writeError(error)

/** `{"result":…}` or `{"error":…}` */
export const outcomeJson = (outcome: Outcome): string =>
  isError(outcome) ? `{"error":${errorJson(outcome)}}` : `{"result":${outcome}}`

const ERRORS = {
  BrokerUnavailable: ErrorCodes.internal,
  PublicationTooLarge: ErrorCodes.badRequest,
  TooManyClients: ErrorCodes.limitExceeded
}

const failed = ({ _tag, detail }: PublishFailure | TooManyClients): ApiError => {
  const { code, message } = ERRORS[_tag]
  return { code, message: `${message}: ${detail}` }
}

/**
 * The result of what a broker or presence answered; where it does not answer 100, where it never takes what is published 107, where it has too much to tell 106, and why:
 * those who ask have the key.
 */
export const whenAvailable = <A>(
  effect: Effect.Effect<A, PublishFailure | TooManyClients>,
  outcome: (answer: A) => Outcome
): Effect.Effect<Outcome> => Effect.match(effect, { onSuccess: outcome, onFailure: failed })

/** A bug in one command is its error 100, logged, and nobody else's. */
export const withoutDefects = (method: string, command: Effect.Effect<Outcome>): Effect.Effect<Outcome> =>
  Effect.catchCause(command, (cause) =>
    Effect.as(Effect.logError(`API method ${method} failed`, Cause.pretty(cause)), ErrorCodes.internal)
  )
