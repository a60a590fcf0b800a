/** A list of named objects as one configuration value: each entry is checked like a configuration of its own. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { type ConfigOf, type Keys, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { printable, resolve, transferable } from "./resolve.ts"
import { fromJson, show } from "./sources.ts"

/** What Centrifugo allows. */
const NAME = /^[-a-zA-Z0-9_.]{2,}$/

/** One entry: its keys, and the name that tells it from the others. */
export type Named<K extends Keys> = ConfigOf<K> & { readonly name: string }

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/**
 * A JSON array of objects with these keys, each with a name of its own; as a text, the same as JSON.
 *
 * @param aboutName what the name stands for
 */
export const namedList = <K extends Keys>(
  expected: string,
  aboutName: string,
  entryKeys: K
): Kind.Kind<ReadonlyArray<Named<K>>> => {
  const keys: Keys = {
    name: key(
      Kind.refine(Kind.text, "two or more of: letters, digits, -, _ and .", (name) => NAME.test(name)),
      undefined,
      aboutName
    ),
    ...entryKeys
  }

  const decodeOne = (
    json: unknown,
    at: number
  ): Result.Result<Named<K>, ReadonlyArray<Kind.InnerProblem>> => {
    const where = `[${at}]`
    if (!Predicate.isObject(json))
      return Result.fail([{ where, message: `expected an object, found ${show(json)}` }])
    const decoded = resolve(keys, [fromJson(keys, json, where)])
    if (Result.isFailure(decoded)) {
      return Result.fail(
        decoded.failure.problems.map((problem) => ({
          where: `${where}.${problem.where}`,
          message: problem.message
        }))
      )
    }
    const entry = decoded.success as ConfigOf<K> & { readonly name: string | undefined }
    return entry.name === undefined
      ? Result.fail([{ where: `${where}.name`, message: "is missing" }])
      : Result.succeed(entry as Named<K>)
  }

  return {
    expected,
    decode: (json) => {
      if (!Array.isArray(json)) return Result.fail(json)
      const decoded = json.map(decodeOne)
      const problems = decoded.flatMap((one) => (Result.isFailure(one) ? one.failure : []))
      const found = decoded.flatMap((one) => (Result.isSuccess(one) ? [one.success] : []))
      const names = decoded.map((one) => (Result.isSuccess(one) ? one.success.name : undefined))
      names.forEach((name, at) => {
        const first = names.indexOf(name)
        if (name !== undefined && first < at)
          problems.push({ where: `[${at}].name`, message: `${show(name)} is the name of [${first}], too` })
      })
      return problems.length > 0 ? Result.fail(new Kind.InnerProblems(problems)) : Result.succeed(found)
    },
    fromText: parse,
    toJson: (all) => all.map((entry) => printable(keys, entry)),
    toTransfer: (all) => all.map((entry) => transferable(keys, entry))
  }
}
