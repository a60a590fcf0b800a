/** A list of namespaces as one configuration value: each entry is checked like a configuration of its own. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { channelKeys, type Namespace } from "./channelKeys.ts"
import { key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import { printable, resolve } from "./resolve.ts"
import { fromJson } from "./sources.ts"

/** What Centrifugo allows. */
const NAME = /^[-a-zA-Z0-9_.]{2,}$/

const keys = {
  name: key(
    Kind.refine(Kind.text, "two or more of: letters, digits, -, _ and .", (name) => NAME.test(name)),
    undefined,
    "what stands before the first colon of a channel"
  ),
  ...channelKeys
}

const decodeOne = (json: unknown, at: number): Result.Result<Namespace, ReadonlyArray<Kind.InnerProblem>> => {
  const where = `[${at}]`
  if (!Predicate.isObject(json)) return Result.fail([{ where, message: "expected an object" }])
  const decoded = resolve(keys, [fromJson(keys, json, where)])
  if (Result.isFailure(decoded)) {
    return Result.fail(
      decoded.failure.problems.map((problem) => ({
        where: `${where}.${problem.where}`,
        message: problem.message
      }))
    )
  }
  const { name, ...options } = decoded.success
  if (name === undefined) return Result.fail([{ where: `${where}.name`, message: "is missing" }])
  return Result.succeed({ ...options, name })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A JSON array of objects, each with a name of its own; as a text, the same as JSON. */
export const namespaces: Kind.Kind<ReadonlyArray<Namespace>> = {
  expected: "a list of namespaces: objects with a name and channel options",
  decode: (json) => {
    if (!Array.isArray(json)) return Result.fail(json)
    const decoded = json.map(decodeOne)
    const problems = decoded.flatMap((one) => (Result.isFailure(one) ? one.failure : []))
    const found = decoded.flatMap((one) => (Result.isSuccess(one) ? [one.success] : []))
    found.forEach(({ name }, i) => {
      if (found.findIndex((other) => other.name === name) < i)
        problems.push({ where: "", message: `two namespaces have the name ${JSON.stringify(name)}` })
    })
    return problems.length > 0 ? Result.fail(new Kind.InnerProblems(problems)) : Result.succeed(found)
  },
  fromText: parse,
  toJson: (all) => all.map((namespace) => printable(keys, namespace))
}
