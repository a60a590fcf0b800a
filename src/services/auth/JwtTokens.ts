/** `Tokens` for JSON Web Tokens: keys of the configuration or of key sets, audience and issuer, times, and the claims of Centrifugo. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Result from "effect/Result"
import type { TokenConfig } from "../../config/clientProtocolRules.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { connectionClaims, subscriptionClaims } from "./claims.ts"
import { makeIssuingCheck } from "./issuing.ts"
import { type Payload, readPayload } from "./payload.ts"
import { makeSignatureCheck } from "./signature.ts"
import { TokenExpired, type TokenFailure, type TokenInvalid, Tokens } from "./Tokens.ts"

/** The first second of its lifetime counts, the one named by `exp` does not. */
const checkTimes = ({ claims: { exp, nbf } }: Payload): Effect.Effect<void, TokenExpired> =>
  Effect.flatMap(Clock.currentTimeMillis, (nowMs) => {
    if (exp != null && exp * 1000 <= nowMs)
      return Effect.fail(new TokenExpired({ detail: `at ${exp} s since the epoch` }))
    if (nbf != null && nbf * 1000 > nowMs)
      return Effect.fail(new TokenExpired({ detail: `not good before ${nbf} s since the epoch` }))
    return Effect.void
  })

/**
 * Whatever is wrong with a token comes before its age: who has an expired one may try again with a fresh one.
 *
 * @param hasTimes false where `client.insecure` lets everyone in: a token still has to be a good one, whatever its age
 */
export const makeVerifier = Effect.fnUntraced(function* (config: TokenConfig, hasTimes: boolean) {
  const checkIssuing = makeIssuingCheck(config)
  const checkSignature = yield* makeSignatureCheck(config, checkIssuing)
  return <A extends { readonly expireAt?: number | undefined }>(
    token: string,
    claimsOf: (payload: Payload, userIdClaim: string) => Result.Result<A, TokenInvalid>
  ): Effect.Effect<A, TokenFailure> =>
    Effect.gen(function* () {
      const payload = yield* Effect.fromResult(readPayload(yield* checkSignature(token)))
      yield* Effect.fromResult(checkIssuing(payload))
      const claims = yield* Effect.fromResult(claimsOf(payload, config.userIdClaim))
      if (!hasTimes) return { ...claims, expireAt: undefined }
      yield* checkTimes(payload)
      return claims
    })
})

export const layer = Layer.effect(
  Tokens,
  Effect.gen(function* () {
    const { token, subscriptionToken, insecure } = (yield* ServerConfig).client
    const ofConnections = yield* makeVerifier(token, !insecure)
    const ofSubscriptions = subscriptionToken.enabled
      ? yield* makeVerifier(subscriptionToken, !insecure)
      : ofConnections
    return Tokens.of({
      connection: (given) => ofConnections(given, connectionClaims),
      subscription: (given) => ofSubscriptions(given, subscriptionClaims)
    })
  })
)
