/** Who a token is meant for and who issued it: the claims `aud` and `iss`, held against the configuration. */
import * as Result from "effect/Result"
import { type TokenConfig, templateNames } from "../../config/clientProtocolRules.ts"
import { toRegExp } from "../../config/pattern.ts"
import type { Payload } from "./payload.ts"
import { TokenInvalid } from "./Tokens.ts"

/** The named groups of the expressions that the claims matched. */
type Groups = Readonly<Record<string, string | undefined>>

export type CheckIssuing = (payload: Payload) => Result.Result<Groups, TokenInvalid>

/** The groups of a match; undefined where no value is wanted or matches. */
type Match = (values: ReadonlyArray<string>) => Groups | undefined

const NO_GROUPS: Groups = {}

const matching = (wanted: string | undefined, pattern: string | undefined): Match => {
  if (wanted !== undefined) return (values) => (values.includes(wanted) ? NO_GROUPS : undefined)
  if (pattern === undefined) return () => NO_GROUPS
  const expression = toRegExp(pattern)
  return (values) => {
    for (const value of values) {
      const match = expression.exec(value)
      if (match !== null) return match.groups ?? NO_GROUPS
    }
    return undefined
  }
}

/** `aud` may be one value or several, of which one has to match. */
export const makeIssuingCheck = (config: TokenConfig): CheckIssuing => {
  const matchAudience = matching(config.audience, config.audienceRegex)
  const matchIssuer = matching(config.issuer, config.issuerRegex)
  return ({ claims: { aud, iss } }) => {
    const audience = matchAudience([aud ?? []].flat())
    if (audience === undefined) return Result.fail(new TokenInvalid({ detail: "meant for another audience" }))
    const issuer = matchIssuer([iss ?? []].flat())
    if (issuer === undefined) return Result.fail(new TokenInvalid({ detail: "of another issuer" }))
    return Result.succeed({ ...audience, ...issuer })
  }
}

/**
 * Fills the groups into the URL of a key set. They come from a token that is not verified yet: each stays within the part of the URL where it
 * is put.
 */
export const fillTemplate = (template: string, groups: Groups): Result.Result<URL, TokenInvalid> => {
  let url = template
  for (const name of templateNames(template)) {
    const value = groups[name] ?? ""
    if (/^\.*$/.test(value))
      return Result.fail(new TokenInvalid({ detail: `nothing to put for {{${name}}} into the URL of keys` }))
    url = url.replaceAll(`{{${name}}}`, () => encodeURIComponent(value))
  }
  return URL.canParse(url)
    ? Result.succeed(new URL(url))
    : Result.fail(new TokenInvalid({ detail: "no URL of keys can be made of its issuer and audience" }))
}
