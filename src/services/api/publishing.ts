/** The methods publish and broadcast: one publication into one channel, or into many. HOT PATH of `/api/publish` and `/api/batch`. */
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { Broker } from "../broker/Broker.ts"
import { type Channels, isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import { streamOptions } from "../channels/streams.ts"
import { inTurns } from "./inTurns.ts"
import { type Outcome, outcomeJson, whenAvailable } from "./outcome.ts"
import { payloadOf } from "./payload.ts"
import type { BroadcastRequest, PublishRequest } from "./requests.ts"
import { publishedJson } from "./resultJson.ts"

type Publication = Omit<PublishRequest, "channel">

export const makePublishing = (broker: Broker["Service"], channels: Channels["Service"]) => {
  const publishInto = (
    channel: string,
    request: Publication,
    data: Uint8Array | undefined
  ): Effect.Effect<Outcome> => {
    const options = channels.optionsOf(channel)
    if (isErrorCode(options)) return Effect.succeed(options)
    if (data === undefined) return Effect.succeed(ErrorCodes.badRequest)
    const problem = dataProblem(options, data)
    if (problem !== undefined) return Effect.succeed(problem)
    const publishing = broker.publish(channel, data, {
      stream: request.skip_history === true ? undefined : streamOptions(options),
      tags: request.tags,
      isDelta: request.delta === true || options.deltaPublish,
      idempotencyKey: request.idempotency_key === "" ? undefined : request.idempotency_key,
      version: request.version,
      versionEpoch: request.version_epoch
    })
    return whenAvailable(publishing, publishedJson)
  }

  const publish = (request: PublishRequest): Effect.Effect<Outcome> =>
    publishInto(request.channel, request, payloadOf(request.data, request.b64data))

  /** What is wrong with one channel is in its response; the others get the publication. */
  const broadcast = (request: BroadcastRequest): Effect.Effect<Outcome> => {
    const data = payloadOf(request.data, request.b64data)
    const responses = inTurns(request.channels, (channel) => publishInto(channel, request, data), true)
    return Effect.map(responses, (outcomes) => `{"responses":[${outcomes.map(outcomeJson).join(",")}]}`)
  }

  return { publish, broadcast }
}
