/** One request to the API of a running server. */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { NoServer, Refused, WrongUsage } from "./failures.ts"
import type { Place } from "./place.ts"

/** Time for the answer; a run that is asked for waits for its publications. */
const TIMEOUT_MS = 60_000

export interface Question {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE"
  /** With its query. */
  readonly path: string
  /** JSON text. */
  readonly body?: string
}

/** A JSON answer: its text, and what it says. */
export interface Told {
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: what the routes of the API answer, which results.ts describes
  readonly value: any
}

const NO_KEY =
  "the API key is missing or wrong: say --api-key, or the --config of the server, or run where its store is"

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What an answer complains of, a line for each problem. */
const complaints = (status: number, text: string): ReadonlyArray<string> => {
  if (status === 401) return [NO_KEY]
  const value = parsed(text)
  const error = Predicate.hasProperty(value, "error") ? value.error : undefined
  if (!Predicate.hasProperty(error, "message")) return [`${status} ${text.trim().slice(0, 500)}`.trim()]
  const { problems = [] } = error as { problems?: ReadonlyArray<{ where: string; message: string }> }
  return problems.length === 0
    ? [String(error.message)]
    : problems.map(({ where, message }) => (where === "" ? message : `${where}: ${message}`))
}

const why = (error: unknown): string => {
  const { cause, message } = error as Error & {
    readonly cause?: { readonly message?: string; code?: string }
  }
  return cause?.message || cause?.code || message
}

const fetched = ({ url, key }: Place, { method, path, body }: Question) =>
  Effect.tryPromise({
    try: async (signal) => {
      const headers = {
        ...(key === undefined ? {} : { "x-api-key": key }),
        "content-type": "application/json"
      }
      const answer = await fetch(url + path, {
        method,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        ...(body === undefined ? {} : { body })
      })
      return { status: answer.status, text: await answer.text() }
    },
    catch: (error) => new NoServer({ url, detail: why(error) })
  })

/** Any key is an answer of the server's, but for one that no header can carry. */
const isHeader = (key: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(key)

export const ask = Effect.fnUntraced(function* (place: Place, question: Question) {
  if (place.key !== undefined && !isHeader(place.key))
    return yield* new WrongUsage({ detail: "the API key has characters that HTTP cannot carry" })
  const { status, text } = yield* fetched(place, question)
  const value = parsed(text)
  if (status < 200 || status > 299 || value === undefined)
    return yield* new Refused({ lines: complaints(status, text) })
  return { text, value } satisfies Told
})
