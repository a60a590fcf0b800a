/** What a client may ask about a channel: presence, its statistics, history. */
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type {
  HistoryRequest,
  PresenceRequest,
  PresenceStatsRequest,
  WirePublication
} from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { type ErrorCode, ErrorCodes } from "../../protocol/codes.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { mayReadHistory, mayReadPresence } from "../channels/permissions.ts"
import { streamOptions } from "../channels/streams.ts"
import { brokerFailure, close, type Outcome, refuse } from "./outcome.ts"
import type { Session } from "./Session.ts"
import { wirePublication } from "./wires.ts"

type Permission = typeof mayReadPresence

/** The options of a channel that the client may read; else why it may not. */
const readable = (session: Session, channel: string, may: Permission): ChannelOptions | ErrorCode => {
  const { env, user, subscriptions } = session
  const options = env.channels.optionsOf(channel)
  if (isErrorCode(options)) return options
  const decision = may({
    options,
    user,
    isInsecure: env.config.client.insecure,
    isSubscribed: subscriptions.has(channel)
  })
  return decision === "allowed" ? options : decision
}

export const presence = (session: Session, { channel }: PresenceRequest): Outcome => {
  if (channel === undefined) return close(CloseReasons.badRequest)
  const options = readable(session, channel, mayReadPresence)
  if (isErrorCode(options)) return refuse(options)
  return Effect.mapBoth(session.env.presence.get(channel), {
    onFailure: brokerFailure,
    onSuccess: (clients) => ({ reply: { presence: { presence: Object.fromEntries(clients) } } })
  })
}

export const presenceStats = (session: Session, { channel }: PresenceStatsRequest): Outcome => {
  if (channel === undefined) return close(CloseReasons.badRequest)
  const options = readable(session, channel, mayReadPresence)
  if (isErrorCode(options)) return refuse(options)
  return Effect.mapBoth(session.env.presence.stats(channel), {
    onFailure: brokerFailure,
    onSuccess: (presenceStats) => ({ reply: { presenceStats } })
  })
}

/** Publications of a client's own reading; -1 is as many as it may. */
const limitOf = (limit: number, most: number): number => (limit < 0 ? most : Math.min(limit, most))

export const history = (
  session: Session,
  { channel, limit = 0, since, reverse = false }: HistoryRequest
): Outcome => {
  if (channel === undefined) return close(CloseReasons.badRequest)
  const { env, wire } = session
  const options = readable(session, channel, mayReadHistory)
  if (isErrorCode(options)) return refuse(options)
  const stream = streamOptions(options)
  if (stream === undefined) return refuse(ErrorCodes.notAvailable)
  const from = since && { offset: since.offset ?? 0, epoch: since.epoch ?? "" }
  if (reverse && from?.offset === 0) return refuse(ErrorCodes.badRequest)
  const filter = {
    limit: limitOf(limit, env.config.client.historyMaxPublicationLimit),
    since: from,
    isReverse: reverse
  }
  const read = Effect.mapError(env.broker.history(channel, filter, stream), brokerFailure)
  return Effect.flatMap(read, ({ publications, offset, epoch }) => {
    if (from !== undefined && from.epoch !== "" && from.epoch !== epoch)
      return refuse(ErrorCodes.unrecoverablePosition)
    const written: Array<WirePublication> = []
    for (const publication of publications) {
      const one = wirePublication(wire.format, publication, false, undefined)
      if (one === undefined) return close(CloseReasons.inappropriateProtocol)
      written.push(one)
    }
    return Effect.succeed({ reply: { history: { publications: written, offset, epoch } } })
  })
}
