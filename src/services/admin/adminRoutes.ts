/** `/admin/…`: logging in and out, and tokens for pages that are logged in. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { version } from "../../config/commandLine.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import {
  adminPaths,
  type LogIn,
  type Nobody,
  SESSION_COOKIE,
  type TokenAnswer,
  type AdminSession as Told
} from "../../protocol/dashboard.ts"
import { ownOptionsOf } from "../channels/ownChannels.ts"
import { Overviews } from "../dashboard/Overviews.ts"
import { ServerLife } from "../dashboard/ServerLife.ts"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import { Access, isFromOwnPage, OTHER_ORIGIN, sessionId } from "./Access.ts"
import { type AdminSession, AdminSessions } from "./AdminSessions.ts"
import { isSecure } from "./isSecure.ts"
import { makeLogIn } from "./logIn.ts"
import { makeOwnToken } from "./ownTokens.ts"
import { json, jsonText } from "./refused.ts"

/** Bytes of what is sent to these paths. */
const MAX_BODY = 8192

type Handler = (request: PlainRequest) => Effect.Effect<PlainAnswer>

const Text = Schema.NonEmptyString.pipe(Schema.check(Schema.isMaxLength(1024)))
const strict = { onExcessProperty: "error" } as const
const decodeLogIn = Schema.decodeUnknownOption(
  Schema.Union([Schema.Struct({ password: Text }), Schema.Struct({ apiKey: Text })]),
  strict
)
const decodeTokenRequest = Schema.decodeUnknownOption(
  Schema.Struct({ channel: Schema.optionalKey(Schema.String) }),
  strict
)

const isJson = ({ headers }: PlainRequest): boolean =>
  /^application\/json\s*(;|$)/i.test(headers.get("content-type") ?? "")

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

const cookie = (value: string, seconds: number, secure: boolean): readonly [string, string] => [
  "set-cookie",
  `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? "; Secure" : ""}`
]

/** Answers requests for these paths; undefined for any other. */
export const makeAdminRoutes = Effect.gen(function* () {
  const { admin, server } = yield* ServerConfig
  const { refuse, loggedIn } = yield* Access
  const sessions = yield* AdminSessions
  const { id: life } = yield* ServerLife
  const overviews = yield* Overviews
  const logIn = yield* makeLogIn
  const ownToken = yield* makeOwnToken
  const hasTls = server.tls.cert !== undefined

  const nobody: Nobody = { hasPassword: admin.passwordHash !== undefined }

  const told = ({ csrf, expiresAt }: AdminSession): Told => ({
    csrf,
    expiresAt,
    ...nobody,
    version,
    life
  })

  const malformed = (message: string, status = 400) => Effect.succeed(refuse(status, "malformed", message))

  /** The body as JSON, or what is wrong with it. */
  const reading = (
    request: PlainRequest,
    then: (value: unknown) => Effect.Effect<PlainAnswer>
  ): Effect.Effect<PlainAnswer> => {
    if (request.body.length > MAX_BODY) return malformed(`a body here has at most ${MAX_BODY} bytes`, 413)
    if (!isJson(request))
      return malformed("the body has to be JSON, with the content type application/json", 415)
    const value = parsed(request.body)
    return value === undefined ? malformed("the body is not JSON") : then(value)
  }

  const enter = Effect.fnUntraced(function* (request: PlainRequest, given: LogIn) {
    const { address } = request
    const verdict = yield* logIn(given, address)
    switch (verdict._tag) {
      case "NoPassword":
        return refuse(401, "wrong", "there is no password here (admin.passwordHash): log in with the API key")
      case "TooMany": {
        const seconds = Math.ceil(verdict.retryAfterMs / 1000)
        return refuse(429, "tooMany", `too many wrong attempts: try again in ${seconds} s`, [
          ["retry-after", String(seconds)]
        ])
      }
      case "Wrong": {
        const what = verdict.by === "password" ? "password" : "API key"
        yield* Effect.logWarning(
          `somebody at ${address} tried to log in to the dashboard with a wrong ${what}`
        )
        return refuse(401, "wrong", `this is not the ${what}`)
      }
      case "Right": {
        const { id, session } = yield* sessions.open(verdict.by)
        yield* Effect.logInfo(`logged in to the dashboard from ${address}`)
        const seconds = Math.floor(Duration.toSeconds(admin.sessionTime))
        return json(200, told(session), [cookie(id, seconds, isSecure(hasTls, request))])
      }
    }
  })

  const handlers: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
    [adminPaths.logIn]: {
      POST: (request) => {
        if (!isFromOwnPage(request.headers)) return Effect.succeed(refuse(403, "crossSite", OTHER_ORIGIN))
        return reading(request, (value) => {
          const given = decodeLogIn(value)
          return given._tag === "None"
            ? malformed('the body has to be {"password": "…"} or {"apiKey": "…"}, up to 1024 characters')
            : enter(request, given.value)
        })
      }
    },
    [adminPaths.logOut]: {
      POST: (request) => {
        const gone: PlainAnswer = {
          status: 204,
          headers: [cookie("", 0, isSecure(hasTls, request))],
          body: ""
        }
        const found = loggedIn(request)
        // Who is not logged in any more has what was asked for.
        if ("status" in found) return Effect.succeed(found.status === 401 ? gone : found)
        return Effect.as(sessions.close(found.id), gone)
      }
    },
    [adminPaths.session]: {
      GET: (request) => {
        if (sessionId(request.headers) === undefined) return Effect.succeed(json(200, nobody))
        const found = loggedIn(request)
        return Effect.succeed("status" in found ? found : json(200, told(found.session)))
      }
    },
    [adminPaths.overview]: {
      GET: (request) => {
        const found = loggedIn(request)
        return Effect.sync(() => ("status" in found ? found : jsonText(200, overviews.kept())))
      }
    },
    [adminPaths.token]: {
      POST: (request) => {
        const found = loggedIn(request)
        if ("status" in found) return Effect.succeed(found)
        return reading(request, (value) => {
          const wanted = decodeTokenRequest(value)
          if (wanted._tag === "None") return malformed('the body has to be {} or {"channel": "…"}')
          const { channel } = wanted.value
          if (channel !== undefined && ownOptionsOf(channel) === undefined)
            return malformed(`${channel} is none of the channels of the dashboard`)
          return Effect.map(ownToken(found.session.expiresAt, channel), (token) =>
            json(200, { token } satisfies TokenAnswer)
          )
        })
      }
    }
  }

  return (request: PlainRequest): Effect.Effect<PlainAnswer> | undefined => {
    if (!Object.hasOwn(handlers, request.path)) return undefined
    const methods = handlers[request.path]!
    const method = request.method === "HEAD" ? "GET" : request.method
    if (Object.hasOwn(methods, method)) return methods[method]!(request)
    const allow = Object.keys(methods).join(", ")
    return Effect.succeed(refuse(405, "malformed", `this path takes ${allow}`, [["allow", allow]]))
  }
})
