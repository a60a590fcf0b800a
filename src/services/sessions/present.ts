/** That a client is there, in channels that keep who is, with what is known of it; told anew when that has changed. */
import * as Effect from "effect/Effect"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import type { Session } from "./Session.ts"
import type { SessionSubscription } from "./SessionSubscription.ts"

export const enter = (
  session: Session,
  { channel, options, chanInfo }: SessionSubscription
): Effect.Effect<void, BrokerUnavailable> => {
  const { env, client } = session
  return options.presence
    ? env.presence.add(env.node, channel, client, session.clientInfo(chanInfo))
    : Effect.void
}

export const leave = ({ env, client }: Session, { channel, options }: SessionSubscription): void => {
  if (options.presence) env.forkLogged("presence", env.presence.remove(env.node, channel, client))
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array | undefined): boolean =>
  one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0)

/** What others see of the client in all channels. */
export const setInfo = (session: Session, info: Uint8Array | undefined): void => {
  if (isSame(session.info, info)) return
  session.info = info
  for (const subscription of session.subscriptions.values())
    session.env.forkLogged("presence", enter(session, subscription))
}

/** What others see of it in one channel. */
export const setChanInfo = (
  session: Session,
  subscription: SessionSubscription,
  info: Uint8Array | undefined
): void => {
  if (isSame(subscription.chanInfo, info)) return
  subscription.chanInfo = info
  session.env.forkLogged("presence", enter(session, subscription))
}
