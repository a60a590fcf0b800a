/** Queries of lists: filters, the length of a page, and where it begins. Whatever is wrong with one is listed. */
import * as Effect from "effect/Effect"
import { type Problem, ScheduleInvalid } from "../../schedules/Scheduler.ts"
import { unknownName } from "./problems.ts"

/** Entries of a page where the request does not say how many. */
export const PAGE = 100
/** Entries of a page at most. */
export const MAX_PAGE = 1_000

/** Characters of a cursor at most: no longer one is ever given. */
const MAX_CURSOR = 1_000

/** What a parameter may be: one of some words, or any text where there are none. */
export type Parameters = Readonly<Record<string, ReadonlyArray<string> | undefined>>

export interface PageQuery<P extends Parameters> {
  readonly filter: { readonly [N in keyof P]?: string }
  readonly limit: number
  readonly cursor?: string
}

/** Cursors that clients get are of one list, and say of which. */
export const writeCursor = (list: string, cursor: string): string =>
  Buffer.from(`${list} ${cursor}`).toString("base64url")

/** The cursor inside; undefined where it is not one of that list. */
const readCursor = (list: string, text: string): string | undefined => {
  if (text.length > MAX_CURSOR) return undefined
  const whole = Buffer.from(text, "base64url")
  const isOurs = whole.toString("base64url") === text && whole.toString().startsWith(`${list} `)
  return isOurs ? whole.toString().slice(list.length + 1) : undefined
}

const limitOf = (text: string): number | undefined => {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= MAX_PAGE ? limit : undefined
}

/** The key may come in the query, too (givenKey.ts). */
const ALSO_KNOWN = ["limit", "cursor", "api_key"]

const nameProblems = (given: URLSearchParams, parameters: Parameters): ReadonlyArray<Problem> => {
  const known = [...Object.keys(parameters), ...ALSO_KNOWN]
  return [...new Set(given.keys())].flatMap((name) => {
    if (!known.includes(name)) return [unknownName(name, "parameter", known)]
    return given.getAll(name).length > 1 ? [{ where: name, message: "expected once" }] : []
  })
}

const wordProblems = (given: URLSearchParams, parameters: Parameters): ReadonlyArray<Problem> =>
  Object.entries(parameters).flatMap(([name, words]) => {
    const word = given.get(name)
    if (word === null || words === undefined || words.includes(word)) return []
    return [{ where: name, message: `expected ${words.map((one) => `"${one}"`).join(" | ")}` }]
  })

/** Reads the query of one list. */
export const queryReader =
  <const P extends Parameters>(list: string, parameters: P) =>
  (query: string): Effect.Effect<PageQuery<P>, ScheduleInvalid> => {
    const given = new URLSearchParams(query)
    const limit = limitOf(given.get("limit") ?? String(PAGE))
    const cursorText = given.get("cursor")
    const cursor = cursorText === null ? undefined : readCursor(list, cursorText)
    const problems = [
      ...nameProblems(given, parameters),
      ...wordProblems(given, parameters),
      ...(limit === undefined
        ? [{ where: "limit", message: `expected a number from 1 to ${MAX_PAGE}` }]
        : []),
      ...(cursorText !== null && cursor === undefined
        ? [{ where: "cursor", message: "expected one that this list gave" }]
        : [])
    ]
    if (problems.length > 0 || limit === undefined) return Effect.fail(new ScheduleInvalid({ problems }))
    const filter = Object.fromEntries(
      Object.keys(parameters).flatMap((name) => (given.has(name) ? [[name, given.get(name)!]] : []))
    ) as PageQuery<P>["filter"]
    return Effect.succeed({ filter, limit, ...(cursor === undefined ? {} : { cursor }) })
  }
