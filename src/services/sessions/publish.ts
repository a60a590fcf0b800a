/** The publish command. */
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { PublishRequest } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { PublishAnswer } from "../backend/Backend.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import { mayPublish } from "../channels/permissions.ts"
import { streamOptions } from "../channels/streams.ts"
import { backendFailure, brokerFailure, close, type Failure, type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"

const AS_IT_IS: PublishAnswer = {}
const NO_DATA = new Uint8Array()
const DONE = { reply: { publish: {} } }

const permit = (
  session: Session,
  channel: string,
  options: ChannelOptions,
  data: Uint8Array
): Effect.Effect<PublishAnswer, Failure> => {
  const { env, user } = session
  const ask = env.backend.publish(options)
  const decision = mayPublish({
    options,
    user,
    isInsecure: env.config.client.insecure,
    isSubscribed: session.subscriptions.has(channel),
    hasBackend: ask !== undefined
  })
  if (decision === "allowed") return Effect.succeed(AS_IT_IS)
  if (decision !== "askBackend") return refuse(decision)
  return Effect.mapError(ask!({ ...session.userFacts(), channel, data }), backendFailure)
}

export const publish = (session: Session, { channel, data = NO_DATA, type = 0 }: PublishRequest): Outcome => {
  const { env } = session
  if (channel === undefined) return close(CloseReasons.badRequest)
  const options = env.channels.optionsOf(channel)
  if (isErrorCode(options)) return refuse(options)
  const problem = type === 0 ? dataProblem(options, data) : ErrorCodes.badRequest
  if (problem !== undefined) return refuse(problem)
  return Effect.flatMap(permit(session, channel, options, data), (answer) => {
    const published = answer.data ?? data
    const wrong = dataProblem(options, published)
    if (wrong !== undefined) return refuse(wrong)
    const { tags, idempotencyKey, version, versionEpoch } = answer
    const chanInfo = session.subscriptions.get(channel)?.chanInfo
    return Effect.as(
      Effect.mapError(
        env.broker.publish(channel, published, {
          stream: answer.skipHistory === true ? undefined : streamOptions(options),
          info: session.clientInfo(chanInfo),
          tags,
          isDelta: answer.isDelta ?? options.deltaPublish,
          idempotencyKey,
          version,
          versionEpoch
        }),
        brokerFailure
      ),
      DONE
    )
  })
}
