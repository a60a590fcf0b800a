/** Subscriptions that are good until a time: the backend is asked to prolong them, or they end when nobody did. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { UnsubscribeCodes } from "../../protocol/codes.ts"
import { setChanInfo } from "./present.ts"
import type { Session } from "./Session.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"
import { endSubscription } from "./unsubscribe.ts"

const expire = (session: Session, subscription: SessionSubscription): void => {
  if (subscription.isServerSide) session.disconnect(CloseReasons.subscriptionExpired)
  else endSubscription(session, subscription, UnsubscribeCodes.expired)
}

/** Asks the backend, which has the last word; while it fails, it is asked again the next time. */
const prolong = (session: Session, subscription: SessionSubscription): void => {
  const ask = session.env.backend.subRefresh(subscription.options)!
  const { channel } = subscription
  const asked = Effect.match(ask({ ...session.userFacts(), channel }), {
    onSuccess: ({ isExpired, expireAt, info }) => {
      if (session.subscriptions.get(channel) !== subscription) return
      if (isExpired) return expire(session, subscription)
      subscription.expireAt = expireAt
      if (info !== undefined) setChanInfo(session, subscription, info)
    },
    onFailure: (failure) => {
      if (failure._tag === "BackendDisconnect") session.disconnect(failure)
    }
  })
  session.env.forkLogged("sub_refresh", asked)
}

/** Looks at all of them; false where none expires. */
export const checkSubscriptions = (session: Session): boolean => {
  const { env } = session
  const now = env.now() / 1000
  const grace = Duration.toSeconds(env.config.client.expiredSubCloseDelay)
  let isAny = false
  for (const subscription of [...session.subscriptions.values()]) {
    const { expireAt, options } = subscription
    if (expireAt === undefined) continue
    isAny = true
    if (env.backend.subRefresh(options) === undefined) {
      if (now >= expireAt + grace) expire(session, subscription)
    } else if (now >= expireAt) prolong(session, subscription)
  }
  return isAny
}
