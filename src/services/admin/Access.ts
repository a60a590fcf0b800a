/**
 * Who may ask: those who bring the API key, and pages of those who are logged in. A page has a cookie, which the browser sends on its own; what
 * changes something must therefore also show that it comes from our page.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { CSRF_HEADER, SESSION_COOKIE } from "../../protocol/dashboard.ts"
import { ApiKey } from "../ApiKey.ts"
import { cookieValue } from "../auth/cookies.ts"
import { isSameOrigin } from "../auth/origins.ts"
import { givenKey } from "../givenKey.ts"
import { isRead } from "../httpReply.ts"
import { isSecret } from "../isSecret.ts"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import { type AdminSession, AdminSessions } from "./AdminSessions.ts"
import { makeRefusals, type Refuse } from "./refused.ts"

type Headers = PlainRequest["headers"]

/** To those who bring nothing. */
export const UNAUTHORIZED: PlainAnswer = { status: 401, headers: [], body: "" }

/** Whether the browser says, as far as it says anything, that a page of this very server asks. */
export const isFromOwnPage = (headers: Headers): boolean =>
  (!headers.has("origin") || isSameOrigin(headers)) &&
  (headers.get("sec-fetch-site") ?? "same-origin") === "same-origin"

export const OTHER_ORIGIN =
  "only pages of this server may do this; a gateway before it has to pass on the Host header as it came"

/** Of a request that came with a session: the session, or the answer to give instead. */
export type LoggedIn = { readonly id: string; readonly session: AdminSession }

export const sessionId = (headers: Headers): string | undefined =>
  cookieValue(headers.get("cookie"), SESSION_COOKIE)

const make = Effect.gen(function* () {
  const { admin } = yield* ServerConfig
  const key = yield* ApiKey
  const sessions = yield* AdminSessions
  const refuse = makeRefusals(admin.passwordHash !== undefined)

  const loggedIn = ({ method, headers }: PlainRequest): LoggedIn | PlainAnswer => {
    const id = sessionId(headers)
    if (id === undefined) return refuse(401, "loggedOut", "nobody is logged in here: log in first")
    const session = sessions.find(id)
    if (session === undefined) return refuse(401, "expired", "this session is over: log in again")
    if (isRead(method)) return { id, session }
    if (!isFromOwnPage(headers)) return refuse(403, "crossSite", OTHER_ORIGIN)
    if (!isSecret(session.csrf)(headers.get(CSRF_HEADER)))
      return refuse(403, "crossSite", "the header X-CSRF-Token is missing or not that of this session")
    return { id, session }
  }

  return Access.of({
    refuse,
    loggedIn,
    refusal: (request) => {
      const given = givenKey(request)
      if (given !== undefined) return key.isRight(given) ? undefined : UNAUTHORIZED
      if (sessionId(request.headers) === undefined) return UNAUTHORIZED
      const found = loggedIn(request)
      return "status" in found ? found : undefined
    }
  })
})

export class Access extends Context.Service<
  Access,
  {
    readonly refuse: Refuse
    /**
     * The session of a request. 401 without one, 403 where it would change something and does not come from our own page, or does not show that.
     */
    readonly loggedIn: (request: PlainRequest) => LoggedIn | PlainAnswer
    /**
     * What to answer who may not ask the API or for metrics; undefined: they may.
     *
     * HOT PATH: the cookie is looked at where there is no key.
     */
    readonly refusal: (request: PlainRequest) => PlainAnswer | undefined
  }
>()("clarion/services/admin/Access") {
  static readonly layer = Layer.effect(this, make).pipe(Layer.provideMerge(AdminSessions.layer))
}
