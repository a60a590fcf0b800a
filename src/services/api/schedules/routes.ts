/** Paths with methods: `/api/schedules/:id/pause`. */
import * as Effect from "effect/Effect"
import { MAX_RECEIPT_ID } from "../../receipts/Receipts.ts"
import type { PlainAnswer, PlainRequest } from "../../Transport.ts"
import { type Failure, failureAnswer, refusal } from "./failures.ts"

export interface Call {
  readonly request: PlainRequest
  /** What stands in the path for `:id`, decoded; empty where the path has none. */
  readonly id: string
}

export type Handler = (call: Call) => Effect.Effect<PlainAnswer, Failure>

/** The handlers of a path, by method. HEAD is answered as GET is, and the transport leaves the body out. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>

/** Characters of an id at most: those of receipts may be the longest. */
const MAX_ID = MAX_RECEIPT_ID

const decoded = (part: string): string | undefined => {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

/** The id in a path that fits a pattern; undefined where it does not fit. */
const match = (pattern: ReadonlyArray<string>, parts: ReadonlyArray<string>): string | undefined => {
  if (pattern.length !== parts.length) return undefined
  let id = ""
  for (const [at, part] of pattern.entries()) {
    if (part === ":id") {
      const own = decoded(parts[at]!)
      if (own === undefined || own === "" || own.length > MAX_ID) return undefined
      id = own
    } else if (part !== parts[at]) return undefined
  }
  return id
}

const allowed = (methods: Iterable<string>): string =>
  [...methods].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ")

/** Answers every request to a path below those of the routes. */
export const routed = (routes: Routes) => {
  const patterns = Object.entries(routes).map(([path, handlers]) => ({ parts: path.split("/"), handlers }))

  return (request: PlainRequest): Effect.Effect<PlainAnswer> => {
    const parts = request.path.split("/")
    const method = request.method === "HEAD" ? "GET" : request.method
    const methods = new Set<string>()
    for (const { parts: pattern, handlers } of patterns) {
      const id = match(pattern, parts)
      if (id === undefined) continue
      if (Object.hasOwn(handlers, method))
        return Effect.catch(handlers[method]!({ request, id }), (failure) =>
          Effect.succeed(failureAnswer(failure))
        )
      for (const other of Object.keys(handlers)) methods.add(other)
    }
    if (methods.size === 0) return Effect.succeed(refusal("not_found", "there is no such path"))
    const allow = allowed(methods)
    return Effect.succeed(
      refusal("method_not_allowed", `this path takes ${allow}`, { headers: [["allow", allow]] })
    )
  }
}
