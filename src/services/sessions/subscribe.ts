/** The subscribe and sub_refresh commands. */
import * as Effect from "effect/Effect"
import type { ChannelOptions } from "../../config/channelKeys.ts"
import type { SubRefreshRequest, SubscribeRequest } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { ErrorCodes } from "../../protocol/codes.ts"
import type { SubscriptionClaims } from "../auth/Tokens.ts"
import type { SubscriptionGrant } from "../Control.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { OWN_OPTIONS, ownOptionsOf } from "../channels/ownChannels.ts"
import { maySubscribe } from "../channels/permissions.ts"
import { type Established, establish } from "./establish.ts"
import {
  backendFailure,
  Closed,
  close,
  type Failure,
  type Outcome,
  Refused,
  refuse,
  tokenFailure
} from "./outcome.ts"
import { setChanInfo } from "./present.ts"
import type { Session } from "./Session.ts"

/** Who asks: a session, or a client that is to become one. */
export type Asking = Pick<Session, "env" | "user" | "client" | "userFacts">

const NO_GRANT: SubscriptionGrant = {}

/** Verifies a subscription token, which has to be for this user, channel and connection. */
const verify = (
  session: Asking,
  channel: string,
  token: string
): Effect.Effect<SubscriptionClaims, Failure> =>
  Effect.flatMap(
    Effect.mapError(session.env.tokens.subscription(token), subscriptionTokenFailure),
    (claims) =>
      claims.channel === channel &&
      claims.user === session.user &&
      (claims.client === undefined || claims.client === session.client)
        ? Effect.succeed(claims)
        : Effect.fail(new Closed(CloseReasons.invalidToken))
  )

/** A token with a bad signature is no permission; the connection stays. */
const subscriptionTokenFailure = (failure: Parameters<typeof tokenFailure>[0]): Failure =>
  failure._tag === "TokenInvalid" ? new Refused(ErrorCodes.permissionDenied) : tokenFailure(failure)

/** Whether a client may subscribe to a channel, and on what terms. */
export const permit = (
  session: Asking,
  channel: string,
  options: ChannelOptions,
  { token, data }: Pick<SubscribeRequest, "token" | "data">
): Effect.Effect<SubscriptionGrant, Failure> => {
  const { env, user } = session
  if (token !== undefined) return verify(session, channel, token)
  const ask = env.backend.subscribe(options)
  const decision = maySubscribe({
    options,
    user,
    isInsecure: env.config.client.insecure,
    facts: env.channels.factsOf(channel),
    hasToken: false,
    hasBackend: ask !== undefined
  })
  if (decision === "allowed") return Effect.succeed(NO_GRANT)
  if (decision !== "askBackend") return refuse(decision)
  return Effect.mapError(ask!({ ...session.userFacts(), channel, token, data }), backendFailure)
}

/** Lets a subscription that was made take what comes, and tells others of it. */
export const begin = (session: Session, { subscription, missed }: Established): void => {
  const { env, client } = session
  const { channel, options, chanInfo } = subscription
  // It may have ended in the turn that made it.
  if (session.subscriptions.get(channel) !== subscription) return
  if (subscription.expireAt !== undefined) session.deadlines.watchSubscriptions()
  subscription.hasJoined = true
  if (options.joinLeave) {
    const info = session.clientInfo(chanInfo)
    if (subscription.hearsJoins) {
      // Its own join comes before everything that is published, however long the broker takes.
      session.push({ channel, join: { info } })
      subscription.knowsJoin(client)
    }
    env.forkLogged("join", env.broker.announce("join", channel, info))
  }
  session.flush()
  subscription.begin(missed)
}

export const subscribe = (session: Session, request: SubscribeRequest): Outcome => {
  const { channel } = request
  const { env, subscriptions } = session
  if (channel === undefined || (request.delta !== undefined && request.delta !== "fossil"))
    return close(CloseReasons.badRequest)
  const options = (session.isOwn && ownOptionsOf(channel)) || env.channels.optionsForSubscriber(channel)
  if (isErrorCode(options)) return refuse(options)
  if (options === OWN_OPTIONS && request.token === undefined) return refuse(ErrorCodes.permissionDenied)
  if (subscriptions.has(channel)) return refuse(ErrorCodes.alreadySubscribed)
  if (subscriptions.size >= env.config.client.channelLimit) return refuse(ErrorCodes.limitExceeded)
  if ((request.type ?? 0) !== 0) return refuse(ErrorCodes.badRequest)
  return Effect.flatMap(permit(session, channel, options, request), (grant) => {
    // The server may have subscribed it while the backend was asked.
    if (session.subscriptions.has(channel)) return refuse(ErrorCodes.alreadySubscribed)
    return Effect.map(establish(session, channel, options, request, grant, false), (established) => ({
      reply: { subscribe: established.result },
      after: () => begin(session, established)
    }))
  })
}

export const subRefresh = (session: Session, { channel, token }: SubRefreshRequest): Outcome => {
  if (channel === undefined) return close(CloseReasons.badRequest)
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined) return refuse(ErrorCodes.permissionDenied)
  if (token === undefined) return refuse(ErrorCodes.badRequest)
  if (session.env.backend.subRefresh(subscription.options) !== undefined)
    return close(CloseReasons.badRequest)
  const verified = Effect.mapError(verify(session, channel, token), (failure) =>
    // A forged token ends the connection here, where the subscription already stands.
    failure._tag === "Refused" && failure.error === ErrorCodes.permissionDenied
      ? new Closed(CloseReasons.invalidToken)
      : failure
  )
  return Effect.flatMap(verified, ({ expireAt, info }) => {
    // It may have ended while the token was looked at.
    if (session.subscriptions.get(channel) !== subscription) return refuse(ErrorCodes.permissionDenied)
    subscription.expireAt = expireAt
    if (expireAt !== undefined) session.deadlines.watchSubscriptions()
    if (info !== undefined) setChanInfo(session, subscription, info)
    return Effect.succeed({ reply: { subRefresh: session.expiresIn(expireAt) } })
  })
}
