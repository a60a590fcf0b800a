/**
 * Requests against their schemas. What the body says is told apart in three: a request; one that has all types right but lacks something or
 * has a value that cannot be (error 107); and one that cannot be decoded, because a value has the wrong type (HTTP 400).
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaIssue from "effect/SchemaIssue"
import { BatchEnvelope, LineCommand, type MethodName, type RequestOf, requests } from "./requests.ts"

export type Unusable = "invalid" | "undecodable"

/** A request that was checked, or why it is none. */
export type Decoded<A extends object> = A | Unusable

export const isUnusable = <A extends object>(decoded: Decoded<A>): decoded is Unusable =>
  typeof decoded === "string"

/** A missing member or a check that failed is invalid; any wrong type makes the whole undecodable. */
const unusable = (issue: SchemaIssue.Issue): Unusable => {
  switch (issue._tag) {
    case "MissingKey":
    case "InvalidValue":
      return "invalid"
    case "Filter":
    case "Pointer":
    case "Encoding":
      return unusable(issue.issue)
    case "Composite":
      return issue.issues.some((inner) => unusable(inner) === "undecodable") ? "undecodable" : "invalid"
    case "AnyOf":
      // Without any, the type is none of them.
      return issue.issues.length > 0 && issue.issues.every((inner) => unusable(inner) === "invalid")
        ? "invalid"
        : "undecodable"
    default:
      return "undecodable"
  }
}

const decoderOf = <A extends object>(schema: Schema.Decoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (value: unknown): Decoded<A> => {
    const result = decode(value)
    return Result.isSuccess(result) ? result.success : unusable(result.failure.issue)
  }
}

export const decodeBatch = decoderOf(BatchEnvelope)
export const decodeLine = decoderOf(LineCommand)

/** One for each method. */
export const decoders = Object.fromEntries(
  Object.entries(requests).map(([name, schema]) => [name, decoderOf(schema as Schema.Decoder<object>)])
) as unknown as { readonly [M in MethodName]: (value: unknown) => Decoded<RequestOf<M>> }
