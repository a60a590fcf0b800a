/** Logging in and out over HTTP, and the session that one has. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "../../config/commandLine.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { CloseReasons } from "../../protocol/closeCodes.ts"
import {
  adminPaths,
  type LogIn,
  type Nobody,
  SESSION_COOKIE,
  type AdminSession as Told
} from "../../protocol/dashboard.ts"
import { Control } from "../Control.ts"
import { ServerLife } from "../dashboard/ServerLife.ts"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import { Access, isFromOwnPage, OTHER_ORIGIN, sessionId } from "./Access.ts"
import { type AdminSession, AdminSessions } from "./AdminSessions.ts"
import { isSecure } from "./isSecure.ts"
import { readBody } from "./jsonBody.ts"
import { makeLogIn } from "./logIn.ts"
import { json, type Refuse } from "./refused.ts"

/** By path and method. */
export type AdminRoutes = Readonly<
  Record<string, Readonly<Record<string, (request: PlainRequest) => Effect.Effect<PlainAnswer>>>>
>

const Text = Schema.NonEmptyString.pipe(Schema.check(Schema.isMaxLength(1024)))
const decodeLogIn = Schema.decodeUnknownOption(
  Schema.Union([Schema.Struct({ password: Text }), Schema.Struct({ apiKey: Text })]),
  { onExcessProperty: "error" }
)
const SHAPE = '{"password": "…"} or {"apiKey": "…"}, up to 1024 characters'

/** @param seconds 0: the browser forgets it */
const cookie = (value: string, seconds: number, isSecure: boolean): readonly [string, string] => [
  "set-cookie",
  `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure ? "; Secure" : ""}`
]

/** Lets those in who may, and tells the others and the log why not. */
const makeEnter = Effect.gen(function* () {
  const { admin } = yield* ServerConfig
  const sessions = yield* AdminSessions
  const logIn = yield* makeLogIn
  const seconds = Math.floor(Duration.toSeconds(admin.sessionTime))

  return Effect.fnUntraced(function* (
    given: LogIn,
    { address, headers }: PlainRequest,
    refuse: Refuse,
    entered: (session: AdminSession, id: string, seconds: number) => PlainAnswer
  ) {
    const verdict = yield* logIn(given, address)
    switch (verdict._tag) {
      case "NoPassword":
        return refuse(401, "wrong", "there is no password here (admin.passwordHash): log in with the API key")
      case "TooMany": {
        const wait = Math.ceil(verdict.retryAfterMs / 1000)
        const message = `too many wrong attempts: try again in ${wait} s`
        return refuse(429, "tooMany", message, [["retry-after", String(wait)]])
      }
      case "Wrong": {
        const what = verdict.by === "password" ? "password" : "API key"
        yield* Effect.logWarning(
          `somebody at ${address} tried to log in to the dashboard with a wrong ${what}`
        )
        return refuse(401, "wrong", `this is not the ${what}`)
      }
      case "Right": {
        const before = sessionId(headers)
        if (before !== undefined) yield* sessions.close(before)
        const { id, session } = yield* sessions.open(verdict.by)
        yield* Effect.logInfo(`logged in to the dashboard from ${address}`)
        return entered(session, id, seconds)
      }
    }
  })
})

export const makeSessionRoutes = Effect.gen(function* () {
  const { admin, server } = yield* ServerConfig
  const { refuse, loggedIn } = yield* Access
  const sessions = yield* AdminSessions
  const control = yield* Control
  const { id: life } = yield* ServerLife
  const enter = yield* makeEnter
  const hasTls = server.tls.cert !== undefined
  const nobody: Nobody = { hasPassword: admin.passwordHash !== undefined }

  const told = ({ csrf, expiresAt }: AdminSession): Told => ({ csrf, expiresAt, ...nobody, version, life })

  const logIn = (request: PlainRequest) => {
    if (!isFromOwnPage(request.headers)) return Effect.succeed(refuse(403, "crossSite", OTHER_ORIGIN))
    const given = readBody(request, refuse, decodeLogIn, SHAPE)
    if ("status" in given) return Effect.succeed(given)
    return enter(given.value, request, refuse, (session, id, seconds) =>
      json(200, told(session), [cookie(id, seconds, isSecure(hasTls, request))])
    )
  }

  const logOut = (request: PlainRequest) => {
    if (!isFromOwnPage(request.headers)) return Effect.succeed(refuse(403, "crossSite", OTHER_ORIGIN))
    const found = loggedIn(request)
    const gone: PlainAnswer = { status: 204, headers: [cookie("", 0, isSecure(hasTls, request))], body: "" }
    // Who is not logged in any more has what was asked for.
    if ("status" in found) return Effect.succeed(found.status === 401 ? gone : found)
    const { login } = found.session
    // Its pages are nobody in particular, as far as the protocol knows.
    const pages = {
      _tag: "Disconnect",
      user: "",
      login,
      ...CloseReasons.forceDisconnect,
      whitelist: []
    } as const
    // Pages that are connected to a node that cannot be reached now end with their tokens.
    const disconnected = Effect.catch(control.apply(pages), ({ message }) =>
      Effect.logWarning(`pages of a log-in that ended may stay connected: ${message}`)
    )
    return Effect.as(Effect.andThen(sessions.close(found.id), disconnected), gone)
  }

  const session = (request: PlainRequest) => {
    // No error, which browsers would log, for those who have come to log in.
    if (sessionId(request.headers) === undefined) return Effect.succeed(json(200, nobody))
    const found = loggedIn(request)
    return Effect.succeed("status" in found ? found : json(200, told(found.session)))
  }

  return {
    [adminPaths.logIn]: { POST: logIn },
    [adminPaths.logOut]: { POST: logOut },
    [adminPaths.session]: { GET: session }
  } satisfies AdminRoutes
})
