/** What an error code becomes elsewhere, as a configuration value: texts such as "109: 401 token expired". */
import * as Result from "effect/Result"
import { MAX_REASON_BYTES } from "../protocol/closeCodes.ts"
import * as Kind from "./Kind.ts"

export interface MappedCode {
  readonly error: number
  readonly code: number
  readonly reason: string
}

const ENTRY = /^(\d{1,5}): *(\d{1,5})(?: +(.*))?$/

const parse = (text: string): MappedCode | undefined => {
  const [, error, code, reason = ""] = ENTRY.exec(text) ?? []
  return error === undefined || Buffer.byteLength(reason) > MAX_REASON_BYTES
    ? undefined
    : { error: Number(error), code: Number(code), reason }
}

/** A list of such texts, the codes within bounds. */
export const codeMap = (
  what: string,
  minimum: number,
  maximum: number
): Kind.Kind<ReadonlyArray<MappedCode>> => ({
  expected: `a list of "<error code>: <${what} between ${minimum} and ${maximum}> <reason>"`,
  decode: (json) =>
    Result.flatMap(Kind.list.decode(json), (texts) => {
      const codes = texts.map(parse)
      const isFit = (code: MappedCode | undefined): code is MappedCode =>
        code !== undefined && code.code >= minimum && code.code <= maximum
      return codes.every(isFit) ? Result.succeed(codes) : Result.fail(json)
    }),
  fromText: (text) => text,
  toJson: (codes) => codes.map(({ error, code, reason }) => `${error}: ${code} ${reason}`.trim())
})
