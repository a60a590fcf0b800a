/**
 * Plain HTTP: health, pages and what the API is for everyone, metrics and the API itself for those who have the key or are logged in.
 *
 * The key comes as `X-API-Key: <key>`, `Authorization: apikey <key>` or `?api_key=<key>`; without it, and without a session of the dashboard,
 * the answer is 401 with no body.
 */
import * as Effect from "effect/Effect"
import { version } from "../config/commandLine.ts"
import { ActorTree } from "./ActorTree.ts"
import { Access, sessionId } from "./admin/Access.ts"
import { makeAdminRoutes } from "./admin/adminRoutes.ts"
import type { Pages } from "./admin/Pages.ts"
import { makeDocs } from "./api/docs.ts"
import { ServerApi } from "./api/ServerApi.ts"
import { isScheduleApi, makeScheduleApi } from "./api/schedules/scheduleApi.ts"
import { Health } from "./Health.ts"
import { isRead, plainText } from "./httpReply.ts"
import { loadText, Metrics } from "./Metrics.ts"
import { makeRunAnswer } from "./runAnswer.ts"
import type { AnswerHeaders, PlainAnswer, PlainHandler } from "./Transport.ts"

/** Whether the server takes connections now, and how many it holds. */
export interface Readiness {
  readonly isReady: boolean
  readonly connections: number
}

const JSON_HEADERS: AnswerHeaders = [["content-type", "application/json"]]
const PROMETHEUS: AnswerHeaders = [["content-type", "text/plain; version=0.0.4; charset=utf-8"]]

const json = (value: unknown, status = 200): PlainAnswer => ({
  status,
  headers: JSON_HEADERS,
  body: JSON.stringify(value)
})

const HEALTHY = json({ status: "ok", version })
/** It serves: whoever restarts what is not healthy would make it worse. */
const degraded = (problems: ReadonlyArray<string>) => json({ status: "degraded", version, problems })
const upgrade = (more: string): PlainAnswer =>
  plainText(426, `Clarion: connect with a WebSocket; /health answers plain HTTP${more}`, [
    ["upgrade", "websocket"]
  ])
const ELSEWHERE = upgrade("")
const BESIDE_DASHBOARD = upgrade("; a browser, which accepts text/html, gets the dashboard here")

const NO_SNIFFING = ["x-content-type-options", "nosniff"] as const

/** What goes to a browser with a session is what its type says, whatever it looks like. */
const asTyped = (answer: PlainAnswer): PlainAnswer =>
  answer.headers.some(([name]) => name === NO_SNIFFING[0])
    ? answer
    : { ...answer, headers: [...answer.headers, NO_SNIFFING] }

/** What strangers may ask: for `server.port` when the API has a port of its own. */
export const makePublic = (readiness: Effect.Effect<Readiness>, pages: Pages): Effect.Effect<PlainHandler> =>
  Effect.gen(function* () {
    const run = yield* makeRunAnswer
    const problems = yield* Health
    const ready = Effect.map(readiness, ({ isReady, connections }) =>
      json({ ready: isReady, connections }, isReady ? 200 : 503)
    )
    const atRoot = pages.has("/") ? BESIDE_DASHBOARD : ELSEWHERE
    return (request) => {
      const { method, path } = request
      if (path === "/health" && isRead(method)) {
        const found = problems()
        return found.length === 0 ? HEALTHY : degraded(found)
      }
      if (path === "/ready" && isRead(method)) return run(ready)
      return pages.handle(request) ?? (path === "/" ? atRoot : ELSEWHERE)
    }
  })

/** Everything: for a port that is server and API in one, and for an admin port. */
export const makeFull = Effect.fnUntraced(function* (readiness: Effect.Effect<Readiness>, pages: Pages) {
  const access = yield* Access
  const api = yield* ServerApi
  const run = yield* makeRunAnswer
  const schedules = yield* makeScheduleApi
  const docs = yield* makeDocs
  const admin = yield* makeAdminRoutes
  const others = yield* makePublic(readiness, pages)
  const actors = Effect.map((yield* ActorTree).snapshot, (actors) => json({ result: { actors } }))
  yield* loadText
  const metrics = Effect.map(
    (yield* Metrics).text,
    (body): PlainAnswer => ({ status: 200, headers: PROMETHEUS, body })
  )

  const route: PlainHandler = (request) => {
    const { method, path } = request
    if (path === "/api/actors") return api.refusal(request) ?? run(actors)
    if (isScheduleApi(path)) return api.refusal(request) ?? run(schedules(request))
    if (path === "/api" || path.startsWith("/api/")) return api.handle(request)
    if (path === "/metrics" && isRead(method)) return access.refusal(request) ?? run(metrics)
    const administered = admin(request)
    return administered === undefined ? (docs(request) ?? others(request)) : run(administered)
  }
  const handle: PlainHandler = (request) => {
    const answer = route(request)
    // HOT PATH: programs, which have the key, bring no session.
    if (sessionId(request.headers) === undefined) return answer
    return "status" in answer ? asTyped(answer) : answer.then(asTyped)
  }
  return handle
})
