/** Connections that are good until a time: the refresh command, and what happens when the time has come. */
import * as Effect from "effect/Effect"
import type { RefreshRequest } from "../../protocol/centrifuge/messages.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import { Closed, close, type Failure, type Outcome, tokenFailure } from "./outcome.ts"
import { setInfo } from "./present.ts"
import type { Session } from "./Session.ts"

/** What may not change with a new token: the user, and what the server subscribed the client to. */
const isSameSubs = (session: Session, channels: Iterable<string>): boolean => {
  const now = new Set(channels)
  const before = session.tokenChannels ?? new Set()
  return now.size === before.size && [...now].every((channel) => before.has(channel))
}

/** What prolongs its connection, where the backend is asked; pages of the server's own do that by tokens. */
export const refreshHook = ({ isOwn, env }: Pick<Session, "isOwn" | "env">) =>
  isOwn ? undefined : env.backend.refresh

const failure = (found: Parameters<typeof tokenFailure>[0]): Failure =>
  found._tag === "TokenExpired" ? new Closed(CloseReasons.connectionExpired) : tokenFailure(found)

export const refresh = (session: Session, { token }: RefreshRequest): Outcome => {
  const { env, client } = session
  if (token === undefined || refreshHook(session) !== undefined) return close(CloseReasons.badRequest)
  return Effect.flatMap(
    Effect.mapError(env.tokens.connection(token), failure),
    ({ user, info, meta, subs, expireAt, login }) => {
      if (user !== session.user || (login !== undefined) !== session.isOwn)
        return close(CloseReasons.invalidToken)
      if (!isSameSubs(session, subs.keys())) return close(CloseReasons.insufficientState)
      setInfo(session, info)
      session.meta = meta
      // Another one where somebody logged in anew in the same browser.
      session.login = login
      session.deadlines.expires(expireAt)
      const { version } = env
      return Effect.succeed({ reply: { refresh: { client, version, ...session.expiresIn(expireAt) } } })
    }
  )
}

/** The time has come: the backend is asked, where it wants to be, and else nobody refreshed. */
export const refreshConnection = (session: Session): void => {
  const { forkLogged, now } = session.env
  const ask = refreshHook(session)
  if (ask === undefined) return session.disconnect(CloseReasons.connectionExpired)
  const asked = Effect.match(ask(session.userFacts()), {
    onSuccess: ({ isExpired, expireAt, info }) => {
      if (isExpired) return session.disconnect(CloseReasons.connectionExpired)
      if (info !== undefined) setInfo(session, info)
      session.deadlines.expires(expireAt)
    },
    onFailure: (failure) => {
      if (failure._tag === "BackendDisconnect") session.disconnect(failure)
      // It is asked again before long; the connection is not to suffer from a backend that is down.
      else session.deadlines.expires(now() / 1000 + RETRY_SECONDS)
    }
  })
  forkLogged("refresh", asked)
}

/** When a backend that failed is asked again. */
const RETRY_SECONDS = 5
