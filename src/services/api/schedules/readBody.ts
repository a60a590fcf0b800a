/**
 * The body of a request: its members, checked against a schema, with payloads as they came. What is wrong is listed, and what is right is
 * kept beside it, so that the scheduler can say what is wrong with that, too.
 *
 * HOT PATH of creating: one pass over the text.
 */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { compactNewlines, members } from "../../../protocol/rawJson.ts"
import type { Problem } from "../../schedules/Scheduler.ts"
import { typeProblems, unknownName } from "./problems.ts"

export interface Read<A> {
  /** All members where there is no problem, else those that have the right type. */
  readonly value: Partial<A>
  /** Names of the known members that the body has. */
  readonly given: ReadonlySet<string>
  readonly problems: ReadonlyArray<Problem>
}

/** How a member's source text is read. */
type Kind = "payload" | "nullable" | "plain"

const kindOf = (ast: SchemaAST.AST): Kind => {
  if (SchemaAST.isDeclaration(ast)) return "payload"
  return SchemaAST.isUnion(ast) && ast.types.some(SchemaAST.isNull) ? "nullable" : "plain"
}

/** Members of a payload or of one that may be null keep a null; that of any other counts as absent. */
const valueOf = (kind: Kind, source: string): unknown => {
  if (kind === "payload") return compactNewlines(Buffer.from(source))
  if (kind === "plain" && source === "null") return undefined
  return JSON.parse(source)
}

const unreadable = <A>(message: string): Read<A> => ({
  value: {} as Partial<A>,
  given: new Set(),
  problems: [{ where: "body", message }]
})

const textOf = (body: Buffer): string => (body.length === 0 ? "{}" : body.toString("utf8"))

const without = (value: object, names: ReadonlySet<string>): object =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name)))

/** Reads bodies of one schema; an empty one is an object without members. */
export const bodyReader = <A extends object>(schema: Schema.Decoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  const properties = SchemaAST.isObjects(schema.ast) ? schema.ast.propertySignatures : []
  const kinds = new Map(properties.map(({ name, type }) => [String(name), kindOf(type)]))
  const known = [...kinds.keys()]

  const read = (sources: ReadonlyMap<string, string>) => {
    const value: Record<string, unknown> = {}
    const problems: Array<Problem> = []
    for (const [name, source] of sources) {
      const kind = kinds.get(name)
      if (kind === undefined) problems.push(unknownName(name, "member", known))
      else {
        const one = valueOf(kind, source)
        if (one !== undefined) value[name] = one
      }
    }
    return { value, problems }
  }

  return (body: Buffer): Read<A> => {
    if (!isUtf8(body)) return unreadable("it is not UTF-8")
    const sources = members(textOf(body))
    if (sources === undefined) return unreadable("it is not a JSON object")
    const { value, problems } = read(sources)
    const given = new Set(Object.keys(value))
    const decoded = decode(value)
    if (Result.isSuccess(decoded)) return { value: decoded.success, given, problems }
    const wrong = typeProblems(decoded.failure.issue, value)
    const names = new Set(wrong.map(({ where }) => /^\w*/.exec(where)![0]))
    return { value: without(value, names) as Partial<A>, given, problems: [...problems, ...wrong] }
  }
}
