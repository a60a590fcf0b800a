import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TokenInvalid, Tokens } from "./services/auth/Tokens.ts"

export const layerTokens = Layer.succeed(Tokens, {
  connection: () => Effect.fail(new TokenInvalid({ detail: "none" })),
  subscription: () => Effect.fail(new TokenInvalid({ detail: "none" }))
})
