/** `Tokens` of a configuration, asked in tests. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Settings } from "../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../src/config/ServerConfig.ts"
import * as JwtTokens from "../../src/services/auth/JwtTokens.ts"
import { Tokens } from "../../src/services/auth/Tokens.ts"
import { configWith } from "./configurations.ts"

type ClientSettings = NonNullable<Settings<ServerConfigValue>["client"]>

/** With client.token.hmacSecretKey "secret", where nothing else is said. */
export const tokensOf = (client: ClientSettings = { token: { hmacSecretKey: "secret" } }) =>
  Effect.provide(
    Tokens,
    JwtTokens.layer.pipe(Layer.provide(Layer.succeed(ServerConfig, configWith({ client }))))
  )

/** The claims, or the tag of why there are none: "TokenInvalid", "TokenExpired", "KeysUnavailable". */
export const orTag = <A, E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A | E["_tag"], never, R> => Effect.catch(effect, (failure) => Effect.succeed(failure._tag))
