/** The signature of a token, checked with `jose`: by the keys of the configuration, or by those of a key set. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { base64url, type CompactVerifyGetKey, compactVerify } from "jose"
import type { TokenConfig } from "../../config/clientProtocolRules.ts"
import { type CheckIssuing, fillTemplate } from "./issuing.ts"
import { KeySets, KeySetTimes } from "./KeySets.ts"
import { readPayload } from "./payload.ts"
import { KeysUnavailable, TokenInvalid } from "./Tokens.ts"
import { importSecret, type KeyRing, PUBLIC_KEY_ALGORITHMS, readPublicKeys } from "./tokenKeys.ts"

/** The bytes of the payload of a token whose signature is right. */
export type CheckSignature = (token: string) => Effect.Effect<Uint8Array, TokenInvalid | KeysUnavailable>

const refusal = (error: unknown): TokenInvalid | KeysUnavailable =>
  error instanceof KeysUnavailable || error instanceof TokenInvalid
    ? error
    : new TokenInvalid({ detail: (error as Error).message })

const checkBy =
  (keyOf: CompactVerifyGetKey, algorithms: ReadonlyArray<string>): CheckSignature =>
  (token) =>
    Effect.tryPromise({
      try: () => compactVerify(token, keyOf, { algorithms: [...algorithms] }).then(({ payload }) => payload),
      catch: refusal
    })

/** `algorithms` lets through those of the ring alone. */
const checkByRing = (ring: KeyRing): CheckSignature => checkBy(({ alg }) => ring.get(alg)!, [...ring.keys()])

/** The previous secret counts until its time is over; 0 is never. */
const checkByConfiguredKeys = Effect.fnUntraced(function* (config: TokenConfig) {
  const secret = yield* importSecret(config.hmacSecretKey)
  const check = checkByRing(new Map([...secret, ...readPublicKeys(config)]))
  if (config.hmacPreviousSecretKey === undefined) return check
  const checkByPrevious = checkByRing(yield* importSecret(config.hmacPreviousSecretKey))
  const untilMs = config.hmacPreviousSecretKeyValidUntil * 1000 || Number.POSITIVE_INFINITY
  const checkByEither: CheckSignature = (token) =>
    Effect.catch(check(token), (failure) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        now < untilMs ? Effect.mapError(checkByPrevious(token), () => failure) : Effect.fail(failure)
      )
    )
  return checkByEither
})

/** The URL of the keys of a token whose payload is not verified yet. */
const keySetUrl = (template: string, checkIssuing: CheckIssuing): ((payload: string | Uint8Array) => URL) => {
  if (!template.includes("{{")) {
    const url = new URL(template)
    return () => url
  }
  return (payload) =>
    Result.getOrThrow(
      readPayload(base64url.decode(payload)).pipe(
        Result.flatMap(checkIssuing),
        Result.flatMap((groups) => fillTemplate(template, groups))
      )
    )
}

const checkByKeySet = Effect.fnUntraced(function* (url: string, checkIssuing: CheckIssuing) {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const sets = new KeySets(yield* KeySetTimes, () => clock.currentTimeMillisUnsafe())
  const urlOf = keySetUrl(url, checkIssuing)
  return checkBy((header, token) => sets.at(urlOf(token.payload))(header, token), PUBLIC_KEY_ALGORITHMS)
})

/** Where there is a key set, its keys alone count. A token whose algorithm has no key is refused, and so is `none`. */
export const makeSignatureCheck = (
  config: TokenConfig,
  checkIssuing: CheckIssuing
): Effect.Effect<CheckSignature> =>
  config.jwksPublicEndpoint === undefined
    ? checkByConfiguredKeys(config)
    : checkByKeySet(config.jwksPublicEndpoint, checkIssuing)
