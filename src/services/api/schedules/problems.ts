/** Problems of requests: those of types, told as the scheduler tells its own. */
import * as SchemaIssue from "effect/SchemaIssue"
import { nearest } from "../../../config/nearest.ts"
import { PROBLEMS_LISTED } from "../../schedules/Problems.ts"
import type { Problem } from "../../schedules/Scheduler.ts"

/** Problems that an answer lists at most, and one more that says how many are not listed. */
export const MAX_PROBLEMS = PROBLEMS_LISTED

/** Longer names, and longer values that are shown, are cut. */
const MAX_SHOWN = 80

const short = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 3)}...` : text

const found = (value: unknown): string => {
  if (Array.isArray(value)) return "an array"
  return typeof value === "object" && value !== null ? "an object" : short(JSON.stringify(value))
}

/** "channels[3]", "tags.a" */
const placeOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (place, part) =>
      typeof part === "number"
        ? `${place}[${part}]`
        : place === ""
          ? short(String(part))
          : `${place}.${short(String(part))}`,
    ""
  )

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>((inner, part) => (inner as Record<PropertyKey, unknown> | undefined)?.[part], value)

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** What a schema says of a value. */
export const typeProblems = (issue: SchemaIssue.Issue, value: object): ReadonlyArray<Problem> =>
  issuesOf(issue).issues.map(({ path = [], message }) => {
    const parts = path as ReadonlyArray<PropertyKey>
    const at = valueAt(value, parts)
    const what = `${message.charAt(0).toLowerCase()}${message.slice(1)}`
    return { where: placeOf(parts), message: at === undefined ? what : `${what}, found ${found(at)}` }
  })

/** A name that nobody has. */
export const unknownName = (name: string, kind: string, known: ReadonlyArray<string>): Problem => {
  const near = nearest(short(name), known)
  const hint = near === undefined ? "" : `; did you mean ${near}?`
  return { where: short(name), message: `unknown ${kind}${hint}` }
}

/** The scheduler's own list may have one more, which says how many are not in it. */
export const listed = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> => {
  const more = problems.length - MAX_PROBLEMS
  return more <= 1
    ? problems
    : [...problems.slice(0, MAX_PROBLEMS), { where: "", message: `${more} more problems are not listed` }]
}
