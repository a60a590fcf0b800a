/** How subscriptions end: by the client, by the server, with the connection. */
import * as Effect from "effect/Effect"
import type { UnsubscribeRequest } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import type { UnsubscribeCode } from "../../protocol/codes.ts"
import { OWN_OPTIONS } from "../channels/ownChannels.ts"
import { close, type Outcome } from "./outcome.ts"
import { leave } from "./present.ts"
import type { Session } from "./Session.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"

/** Ends that clients never see as a push. */
const BY_CLIENT: UnsubscribeCode = { code: 0, reason: "client unsubscribed" }
const DISCONNECTED: UnsubscribeCode = { code: 1, reason: "client disconnected" }

/** Takes it out of its room and off its session, as if it had not been. */
export const forget = (session: Session, subscription: SessionSubscription): void => {
  const { room, channel } = subscription
  room.remove(subscription)
  session.home.vacate(room)
  if (session.subscriptions.get(channel) !== subscription) return
  session.removeSubscription(channel)
  leave(session, subscription)
}

/** Ends it; others are told, the client is not. */
const end = (session: Session, subscription: SessionSubscription, why: UnsubscribeCode): void => {
  const { env, client, user } = session
  const { channel, options, chanInfo, hasJoined } = subscription
  forget(session, subscription)
  if (options.joinLeave && hasJoined)
    env.forkLogged("leave", env.broker.announce("leave", channel, session.clientInfo(chanInfo)))
  const { code, reason } = why
  if (hasJoined && options !== OWN_OPTIONS)
    env.events.tell({ _tag: "Unsubscribed", client, user, channel, code, reason })
}

/** Ends it, and tells the client. */
export const endSubscription = (
  session: Session,
  subscription: SessionSubscription,
  why: UnsubscribeCode
): void => {
  end(session, subscription, why)
  session.push({ channel: subscription.channel, unsubscribe: { code: why.code, reason: why.reason } })
}

/** With the connection. */
export const endAll = (session: Session): void => {
  for (const subscription of [...session.subscriptions.values()]) end(session, subscription, DISCONNECTED)
}

const DONE: Outcome = Effect.succeed({ reply: { unsubscribe: {} } })

export const unsubscribe = (session: Session, { channel }: UnsubscribeRequest): Outcome => {
  if (channel === undefined) return close(CloseReasons.badRequest)
  const subscription = session.subscriptions.get(channel)
  if (subscription !== undefined) end(session, subscription, BY_CLIENT)
  return DONE
}
