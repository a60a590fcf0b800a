/** The methods publish and broadcast: one publication into one channel, or into many. HOT PATH of `/api/publish` and `/api/batch`. */
import * as Effect from "effect/Effect"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { Broker, Published, PublishFailure, PublishOptions } from "../broker/Broker.ts"
import { type Channels, isErrorCode } from "../channels/Channels.ts"
import { dataProblem } from "../channels/dataProblem.ts"
import { streamOptions } from "../channels/streams.ts"
import { BROADCAST_CHANNEL } from "../hot/ChannelEvent.ts"
import type { OpenReceipt, Receipts } from "../receipts/Receipts.ts"
import { inTurns } from "./inTurns.ts"
import { type Outcome, outcomeJson, whenAvailable } from "./outcome.ts"
import { payloadOf } from "./payload.ts"
import { asksForReceipt, receiving } from "./receiving.ts"
import type { BroadcastRequest, PublishRequest } from "./requests.ts"
import { publishedJson } from "./resultJson.ts"

type Publication = Omit<PublishRequest, "channel">

export const makePublishing = (
  broker: Broker["Service"],
  channels: Channels["Service"],
  receipts: Receipts["Service"]
) => {
  /** Adds up in the receipt what became of it; what is not published is not a part of it. */
  const counted = (
    receipt: OpenReceipt,
    channel: string,
    data: Uint8Array,
    options: PublishOptions
  ): Effect.Effect<Published, PublishFailure> =>
    Effect.suspend(() => {
      const delivery = receipt.delivery()
      return Effect.onExit(broker.publish(channel, data, { ...options, delivery }), (exit) =>
        Effect.sync(() => {
          if (exit._tag === "Failure" || exit.value.isSuppressed) receipt.withdraw(delivery)
        })
      )
    })

  const publishInto = (
    channel: string,
    request: Publication,
    data: Uint8Array | undefined,
    receipt?: OpenReceipt
  ): Effect.Effect<Outcome> => {
    const options = channels.optionsOf(channel)
    if (isErrorCode(options)) return Effect.succeed(options)
    if (data === undefined) return Effect.succeed(ErrorCodes.badRequest)
    const problem = dataProblem(options, data)
    if (problem !== undefined) return Effect.succeed(problem)
    const how: PublishOptions = {
      stream: request.skip_history === true ? undefined : streamOptions(options),
      tags: request.tags,
      isDelta: request.delta === true || options.deltaPublish,
      idempotencyKey: request.idempotency_key === "" ? undefined : request.idempotency_key,
      version: request.version,
      versionEpoch: request.version_epoch
    }
    const publishing =
      receipt === undefined ? broker.publish(channel, data, how) : counted(receipt, channel, data, how)
    return whenAvailable(publishing, publishedJson)
  }

  const publish = (request: PublishRequest): Effect.Effect<Outcome> => {
    const { channel, receipt: asked } = request
    const data = payloadOf(request.data, request.b64data)
    return asksForReceipt(asked) || channel === BROADCAST_CHANNEL
      ? receiving(receipts, asked, [channel], (receipt) => publishInto(channel, request, data, receipt))
      : publishInto(channel, request, data)
  }

  /** What is wrong with one channel is in its response; the others get the publication. */
  const publishToAll = (request: BroadcastRequest, receipt?: OpenReceipt): Effect.Effect<Outcome> => {
    const data = payloadOf(request.data, request.b64data)
    const responses = inTurns(
      request.channels,
      (channel) => publishInto(channel, request, data, receipt),
      true
    )
    return Effect.map(responses, (outcomes) => `{"responses":[${outcomes.map(outcomeJson).join(",")}]}`)
  }

  const broadcast = (request: BroadcastRequest): Effect.Effect<Outcome> => {
    const { channels: all, receipt: asked } = request
    return asksForReceipt(asked) || all.includes(BROADCAST_CHANNEL)
      ? receiving(receipts, asked, all, (receipt) => publishToAll(request, receipt))
      : publishToAll(request)
  }

  return { publish, broadcast }
}
