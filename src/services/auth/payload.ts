/**
 * The payload of a token: claims with their types checked, and the source text of each, because what is passed on to clients passes through
 * byte for byte. A claim that is null is absent.
 */
import { isUtf8 } from "node:buffer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { members } from "../../protocol/rawJson.ts"
import { utf8Text } from "../../protocol/utf8.ts"
import { TokenInvalid } from "./Tokens.ts"

const claim = <S extends Schema.Codec<unknown, unknown>>(schema: S) =>
  Schema.optionalKey(Schema.NullOr(schema))

const seconds = claim(Schema.Finite)

const flag = claim(Schema.Struct({ value: claim(Schema.Boolean) }))

const Override = Schema.Struct({
  presence: flag,
  join_leave: flag,
  force_recovery: flag,
  force_positioning: flag,
  force_push_join_leave: flag
})

const grantClaims = {
  b64info: claim(Schema.Uint8ArrayFromBase64),
  b64data: claim(Schema.Uint8ArrayFromBase64),
  override: claim(Override)
}

const Grant = Schema.Struct(grantClaims)

const Claims = Schema.Struct({
  ...grantClaims,
  aud: claim(Schema.Union([Schema.String, Schema.Array(Schema.String)])),
  channel: claim(Schema.String),
  channels: claim(Schema.Array(Schema.String)),
  client: claim(Schema.String),
  exp: seconds,
  expire_at: seconds,
  iat: seconds,
  iss: claim(Schema.String),
  nbf: seconds
})

/** What a token says of a subscription. */
export interface GrantPart {
  readonly claims: typeof Grant.Type
  readonly raw: ReadonlyMap<string, string>
}

export interface Payload extends GrantPart {
  readonly claims: typeof Claims.Type
}

const invalid = (detail: string) => Result.fail(new TokenInvalid({ detail }))

/** An object with these claims; others are passed over. */
const reader = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (
    text: string
  ): Result.Result<{ readonly claims: A; readonly raw: ReadonlyMap<string, string> }, TokenInvalid> => {
    const raw = members(text)
    if (raw === undefined) return invalid("claims that are no JSON object")
    const decoded = decode(JSON.parse(text))
    return Result.isSuccess(decoded)
      ? Result.succeed({ claims: decoded.success, raw })
      : invalid(`a claim of the wrong type: ${decoded.failure.message}`)
  }
}

/** What stands under a channel in the claim `subs`. */
export const readGrant: (text: string) => Result.Result<GrantPart, TokenInvalid> = reader(Grant)

const readClaims = reader(Claims)

export const readPayload = (bytes: Uint8Array): Result.Result<Payload, TokenInvalid> =>
  isUtf8(bytes) ? readClaims(utf8Text(bytes)) : invalid("claims that are no UTF-8")

/** The source text of a claim of any type; undefined where it is absent or null. */
export const rawClaim = ({ raw }: Pick<GrantPart, "raw">, name: string): string | undefined => {
  const text = raw.get(name)
  return text === "null" ? undefined : text
}
