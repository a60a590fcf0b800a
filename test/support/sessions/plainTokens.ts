/** Tokens that say what they claim in plain words, and are looked at at once: {"sub":"u","expireAt":60,"channel":"a"} as JSON. */
import * as Effect from "effect/Effect"
import {
  type ConnectionClaims,
  type SubscriptionClaims,
  TokenInvalid,
  type Tokens
} from "../../../src/services/auth/Tokens.ts"

interface Claims {
  readonly sub: string
  readonly channel?: string
  readonly expireAt?: number
}

export const plainToken = (claims: Claims): string => JSON.stringify(claims)

const read = (token: string): Effect.Effect<Claims, TokenInvalid> =>
  Effect.try({
    try: () => JSON.parse(token) as Claims,
    catch: () => new TokenInvalid({ detail: "not JSON" })
  })

export const plainTokens: Tokens["Service"] = {
  connection: (token) =>
    Effect.map(
      read(token),
      ({ sub, expireAt }): ConnectionClaims => ({ user: sub, expireAt, subs: new Map() })
    ),
  subscription: (token) =>
    Effect.map(
      read(token),
      ({ sub, channel = "", expireAt }): SubscriptionClaims => ({ user: sub, channel, expireAt })
    )
}
