/**
 * Tokens that the server itself makes, for its own pages: with one a page may connect, with another it may subscribe to one of the server's own
 * channels. They work whatever keys the configuration has for tokens of others, and tokens of others do not reach the server's own channels.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { base64url, decodeJwt, SignJWT } from "jose"
import type { TokenConfig } from "../../config/clientProtocolRules.ts"
import { ApiKey } from "../ApiKey.ts"
import { connectionClaims, subscriptionClaims } from "../auth/claims.ts"
import * as JwtTokens from "../auth/JwtTokens.ts"
import { TokenInvalid, Tokens } from "../auth/Tokens.ts"
import { isOwnChannel } from "../channels/ownChannels.ts"
import type { AdminSession } from "./AdminSessions.ts"

/** Seconds that a token is good; a page asks for a new one before. */
const LIFETIME = 300
const ISSUER = "clarion"
const HEADER = { alg: "HS256", kid: "clarion" } as const
/** How every token of our own begins. */
const BEGINNING = `${base64url.encode(JSON.stringify(HEADER))}.`

/** What they are signed with; the same in all processes of a server, and as long as the API key is the same. */
export class OwnTokenKey extends Context.Service<OwnTokenKey, { readonly text: string }>()(
  "clarion/services/admin/OwnTokenKey"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.map(ApiKey, ({ derive }) => ({ text: derive("tokens").toString("base64url") }))
  )
}

/**
 * A token for a connection; with a channel, one for a subscription to it. It is not good for longer than the session.
 */
export const makeOwnToken = Effect.map(OwnTokenKey, ({ text }) => {
  const key = new TextEncoder().encode(text)
  return Effect.fnUntraced(function* (
    { expiresAt, login }: Pick<AdminSession, "expiresAt" | "login">,
    channel?: string
  ) {
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const exp = Math.min(now + LIFETIME, Math.floor(expiresAt / 1000))
    const claims = { iss: ISSUER, iat: now, exp, ...(channel === undefined ? { login } : { channel }) }
    return yield* Effect.promise(() => new SignJWT(claims).setProtectedHeader(HEADER).sign(key))
  })
})

const configOf = (text: string): TokenConfig => ({
  hmacSecretKey: Redacted.make(text),
  hmacPreviousSecretKey: undefined,
  hmacPreviousSecretKeyValidUntil: 0,
  rsaPublicKey: undefined,
  ecdsaPublicKey: undefined,
  ed25519PublicKey: undefined,
  jwksPublicEndpoint: undefined,
  audience: undefined,
  audienceRegex: undefined,
  issuer: ISSUER,
  issuerRegex: undefined,
  userIdClaim: "sub"
})

/** @param token one that is verified */
const loginOf = (token: string): string => String(decodeJwt(token).login ?? "")

const FOREIGN = new TokenInvalid({ detail: "a channel of the server's own" })

/** Tokens of the server's own first; who happens to begin theirs as we do is not refused for that. */
const withOwn = Effect.gen(function* () {
  const others = yield* Tokens
  const verify = yield* JwtTokens.makeVerifier(configOf((yield* OwnTokenKey).text), true)
  const subscriptionOfOthers = (token: string) =>
    Effect.flatMap(others.subscription(token), (claims) =>
      isOwnChannel(claims.channel) ? Effect.fail(FOREIGN) : Effect.succeed(claims)
    )
  return Tokens.of({
    connection: (token) =>
      token.startsWith(BEGINNING)
        ? verify(token, connectionClaims).pipe(
            Effect.map((claims) => ({ ...claims, login: loginOf(token) })),
            Effect.catchTag("TokenInvalid", () => others.connection(token))
          )
        : others.connection(token),
    subscription: (token) =>
      token.startsWith(BEGINNING)
        ? Effect.catchTag(verify(token, subscriptionClaims), "TokenInvalid", () =>
            subscriptionOfOthers(token)
          )
        : subscriptionOfOthers(token)
  })
})

/** Tokens of the server's own, and those of the configuration. */
export const layerTokens = Layer.effect(Tokens, withOwn).pipe(Layer.provide(JwtTokens.layer))
