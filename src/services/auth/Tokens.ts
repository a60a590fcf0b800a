/**
 * JSON Web Tokens of clients: who connects, and who may subscribe. Verified with `jose`; the claims are those of Centrifugo.
 *
 * A token is invalid when its signature, algorithm, audience, issuer or a claim is wrong, and expired when all is right but the time.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { SubscriptionGrant } from "../Control.ts"

export class TokenInvalid extends Data.TaggedError("TokenInvalid")<{ readonly detail: string }> {
  override get message(): string {
    return `invalid token: ${this.detail}`
  }
}

export class TokenExpired extends Data.TaggedError("TokenExpired")<{ readonly detail: string }> {
  override get message(): string {
    return `token expired: ${this.detail}`
  }
}

/** Keys cannot be had just now (JWKS): nothing is known about the token. */
export class KeysUnavailable extends Data.TaggedError("KeysUnavailable")<{ readonly detail: string }> {
  override get message(): string {
    return `the keys of tokens cannot be had: ${this.detail}`
  }
}

export interface ConnectionClaims {
  /** "" is nobody in particular. */
  readonly user: string
  /** JSON, shown to others as `conn_info`; the bytes that stand in the token. */
  readonly info?: Uint8Array | undefined
  /** JSON, for the server and its backend alone. */
  readonly meta?: Uint8Array | undefined
  /** Server-side subscriptions. */
  readonly subs: ReadonlyMap<string, SubscriptionGrant>
  /** Seconds since the epoch at which the connection expires; undefined: never. */
  readonly expireAt?: number | undefined
  /**
   * The server itself made it, for a page of this log-in to the dashboard (`AdminSession.login`): such a client may subscribe to the server's
   * own channels.
   */
  readonly login?: string
}

export interface SubscriptionClaims extends SubscriptionGrant {
  readonly user: string
  readonly channel: string
  /** Deprecated by Centrifugo; where it is set, only this connection may use the token. */
  readonly client?: string | undefined
}

export type TokenFailure = TokenInvalid | TokenExpired | KeysUnavailable

export class Tokens extends Context.Service<
  Tokens,
  {
    readonly connection: (token: string) => Effect.Effect<ConnectionClaims, TokenFailure>
    readonly subscription: (token: string) => Effect.Effect<SubscriptionClaims, TokenFailure>
  }
>()("clarion/services/Tokens") {}
