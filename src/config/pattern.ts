/** Regular expressions of the configuration. */
import * as Result from "effect/Result"
import * as Kind from "./Kind.ts"

/**
 * JavaScript's syntax in Unicode mode; named groups also as Go and Python write them: `(?P<name>…)`. Throws a SyntaxError.
 * It is not anchored: `^` and `$` are up to whoever writes it.
 */
export const toRegExp = (pattern: string): RegExp => new RegExp(pattern.replaceAll("(?P<", "(?<"), "u")

/** The names of an expression's groups. */
export const groupNames = (pattern: string): ReadonlyArray<string> =>
  // The empty alternative always matches, and `groups` has every name then.
  Object.keys(new RegExp(`${toRegExp(pattern).source}|`, "u").exec("")?.groups ?? {})

/** A text that is a regular expression. */
export const pattern: Kind.Kind<string> = {
  ...Kind.text,
  expected: "a regular expression",
  decode: (json) =>
    Result.flatMap(Kind.text.decode(json), (text) => {
      try {
        toRegExp(text)
        return Result.succeed(text)
      } catch (error) {
        return Result.fail(new Kind.InnerProblems([{ where: "", message: (error as Error).message }]))
      }
    })
}
