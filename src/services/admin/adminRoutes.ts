/** `/admin/…`: logging in and out, and what pages have who are logged in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { adminPaths, type TokenAnswer } from "../../protocol/dashboard.ts"
import { ownOptionsOf } from "../channels/ownChannels.ts"
import { Overviews } from "../dashboard/Overviews.ts"
import type { PlainAnswer, PlainRequest } from "../Transport.ts"
import { Access, type LoggedIn } from "./Access.ts"
import { readBody } from "./jsonBody.ts"
import { makeOwnToken } from "./ownTokens.ts"
import { json, jsonText } from "./refused.ts"
import { type AdminRoutes, makeSessionRoutes } from "./sessionRoutes.ts"

const decodeTokenRequest = Schema.decodeUnknownOption(
  Schema.Struct({ channel: Schema.optionalKey(Schema.String) }),
  { onExcessProperty: "error" }
)

/** For those who are logged in. */
const makeGuardedRoutes = Effect.gen(function* () {
  const { refuse, loggedIn } = yield* Access
  const overviews = yield* Overviews
  const ownToken = yield* makeOwnToken

  const guarded =
    (answer: (request: PlainRequest, found: LoggedIn) => Effect.Effect<PlainAnswer>) =>
    (request: PlainRequest) => {
      const found = loggedIn(request)
      return "status" in found ? Effect.succeed(found) : answer(request, found)
    }

  const token = (request: PlainRequest, { session }: LoggedIn) => {
    const wanted = readBody(request, refuse, decodeTokenRequest, '{} or {"channel": "…"}')
    if ("status" in wanted) return Effect.succeed(wanted)
    const { channel } = wanted.value
    if (channel !== undefined && ownOptionsOf(channel) === undefined)
      return Effect.succeed(refuse(400, "malformed", `${channel} is none of the channels of the dashboard`))
    return Effect.map(ownToken(session, channel), (token) => json(200, { token } satisfies TokenAnswer))
  }

  return {
    [adminPaths.overview]: { GET: guarded(() => Effect.sync(() => jsonText(200, overviews.kept()))) },
    [adminPaths.token]: { POST: guarded(token) }
  } satisfies AdminRoutes
})

/** Answers requests for these paths; undefined for any other. */
export const makeAdminRoutes = Effect.gen(function* () {
  const { refuse } = yield* Access
  const routes: AdminRoutes = { ...(yield* makeSessionRoutes), ...(yield* makeGuardedRoutes) }

  return (request: PlainRequest): Effect.Effect<PlainAnswer> | undefined => {
    if (!Object.hasOwn(routes, request.path)) return undefined
    const methods = routes[request.path]!
    const method = request.method === "HEAD" ? "GET" : request.method
    if (Object.hasOwn(methods, method)) return methods[method]!(request)
    const allow = Object.keys(methods).join(", ")
    return Effect.succeed(refuse(405, "malformed", `this path takes ${allow}`, [["allow", allow]]))
  }
})
