/** What the server API asks for, done to the sessions of this process. */
import * as Effect from "effect/Effect"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { UnsubscribeCodes } from "../../protocol/codes.ts"
import type { ControlCommand, Target } from "../Control.ts"
import { isErrorCode } from "../channels/Channels.ts"
import { establish, type Wish } from "./establish.ts"
import { type Outcome, refuse } from "./outcome.ts"
import { setInfo } from "./present.ts"
import type { Session } from "./Session.ts"
import type { SessionEnv } from "./SessionEnv.ts"
import { begin } from "./subscribe.ts"
import { endSubscription } from "./unsubscribe.ts"

type Of<Tag extends ControlCommand["_tag"]> = Extract<ControlCommand, { readonly _tag: Tag }>

const NOTHING: Outcome = Effect.succeed({ reply: {} })

const targets = (
  { registry }: SessionEnv,
  { user, client, session, login }: Target
): ReadonlyArray<Session> =>
  registry
    .of(user)
    .filter(
      (one) =>
        (client === undefined || one.client === client) &&
        (session === undefined || one.sessionId === session) &&
        (login === undefined || one.login === login)
    )

/** The client hears of the subscription first, then what it missed, then what comes. */
const subscribe = (session: Session, command: Of<"Subscribe">): Outcome => {
  const { channel, recoverSince } = command
  const options = session.env.channels.optionsOf(channel)
  if (isErrorCode(options)) return refuse(options)
  if (session.state !== "connected" || session.subscriptions.has(channel)) return NOTHING
  const wish: Wish = recoverSince === undefined ? {} : { recover: true, ...recoverSince }
  return Effect.map(establish(session, channel, options, wish, command, true), (established) => {
    const { recoverable, epoch, offset, positioned, data, publications = [] } = established.result
    session.push({ channel, subscribe: { recoverable, epoch, offset, positioned, data } })
    for (const pub of publications) session.push({ channel, pub })
    return { reply: {}, after: () => begin(session, established) }
  })
}

const unsubscribe = (session: Session, channel: string): Outcome => {
  const subscription = session.subscriptions.get(channel)
  if (subscription !== undefined) endSubscription(session, subscription, UnsubscribeCodes.server)
  return NOTHING
}

const refresh = (session: Session, { isExpired, expireAt, info }: Of<"Refresh">): void => {
  if (isExpired) return session.disconnect(CloseReasons.connectionExpired)
  if (info !== undefined) setInfo(session, info)
  session.deadlines.expires(expireAt)
  session.push({ refresh: session.expiresIn(expireAt) })
}

export const applyControl = (env: SessionEnv, command: ControlCommand): void => {
  for (const session of targets(env, command)) {
    switch (command._tag) {
      case "Subscribe":
        session.do(() => subscribe(session, command))
        break
      case "Unsubscribe":
        session.do(() => unsubscribe(session, command.channel))
        break
      case "Disconnect":
        if (!command.whitelist.includes(session.client))
          session.disconnect({ code: command.code, reason: command.reason })
        break
      case "Refresh":
        refresh(session, command)
    }
  }
}
