/** Tokens of the server's own beside those of a configuration. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import { ApiKey } from "../../../../src/services/ApiKey.ts"
import { layerTokens, makeOwnToken, OwnTokenKey } from "../../../../src/services/admin/ownTokens.ts"
import { Tokens } from "../../../../src/services/auth/Tokens.ts"
import { configWith } from "../../../support/configurations.ts"
import { hs256, jwt, withSecret } from "../../../support/jwt.ts"
import { orTag } from "../../../support/tokens.ts"

type ClientSettings = NonNullable<Settings<ServerConfigValue>["client"]>

const FOREVER = Number.MAX_SAFE_INTEGER
const OVERVIEW = "clarion:overview"

/** A server with this API key. */
const server = (client: ClientSettings = {}, apiKey = "the key") => {
  const config = Layer.succeed(ServerConfig, configWith({ client, auth: { apiKey } }))
  const layer = layerTokens.pipe(
    Layer.provideMerge(OwnTokenKey.layer),
    Layer.provide(ApiKey.layer),
    Layer.provide(config)
  )
  return Effect.provide(
    Effect.gen(function* () {
      const { connection, subscription } = yield* Tokens
      const make = yield* makeOwnToken
      return {
        make: (expiresAt: number, channel?: string) => make({ expiresAt, login: "a log-in" }, channel),
        connection: (token: string) => orTag(connection(token)),
        subscription: (token: string) => orTag(subscription(token))
      }
    }),
    layer
  )
}

const kinds = { connection: undefined, subscription: OVERVIEW } as const

describe.each(Object.keys(kinds) as Array<keyof typeof kinds>)("a %s token of the server's own", (kind) => {
  it.effect.each<[string, ClientSettings]>([
    ["no keys", {}],
    ["keys of others", { token: { hmacSecretKey: "secret", audience: "app", issuer: "them" } }],
    [
      "other keys for subscriptions",
      { subscriptionToken: { enabled: true, hmacSecretKey: "another" }, token: { hmacSecretKey: "secret" } }
    ]
  ])("is good with %s in the configuration", ([, client]) =>
    Effect.gen(function* () {
      const { make, ...verify } = yield* server(client)
      const claims = yield* verify[kind](yield* make(FOREVER, kinds[kind]))
      expect(claims).toMatchObject(
        kind === "connection" ? { user: "", login: "a log-in" } : { user: "", channel: OVERVIEW }
      )
    })
  )

  it.effect("is good for five minutes, and no longer than the session", () =>
    Effect.gen(function* () {
      // Insecure servers take tokens whatever their age: not these.
      const { make, ...verify } = yield* server({ insecure: true })
      const [long, short] = [yield* make(FOREVER, kinds[kind]), yield* make(61_500, kinds[kind])]
      expect(yield* verify[kind](long)).toMatchObject({ expireAt: 300 })
      expect(yield* verify[kind](short)).toMatchObject({ expireAt: 61 })
      yield* TestClock.adjust("61 seconds")
      expect(yield* verify[kind](short)).toBe("TokenExpired")
      yield* TestClock.adjust("238 seconds")
      expect(yield* verify[kind](long)).toMatchObject({ expireAt: 300 })
      yield* TestClock.adjust("1 second")
      expect(yield* verify[kind](long)).toBe("TokenExpired")
    })
  )

  it.effect("is good at a server with the same API key alone", () =>
    Effect.gen(function* () {
      const token = yield* (yield* server()).make(FOREVER, kinds[kind])
      const [same, other] = [yield* server(), yield* server({}, "another key")]
      expect(yield* same[kind](token)).toMatchObject({ user: "" })
      expect(yield* other[kind](token)).toBe("TokenInvalid")
    })
  )

  it.effect("is of its kind alone", () =>
    Effect.gen(function* () {
      const { make, ...verify } = yield* server()
      const token = yield* make(FOREVER, kinds[kind === "connection" ? "subscription" : "connection"])
      expect(yield* verify[kind](token)).toBe("TokenInvalid")
    })
  )
})

describe("a token of others", () => {
  const client = { token: { hmacSecretKey: "secret" } }

  it.effect("is what it was", () =>
    Effect.gen(function* () {
      const { connection, subscription } = yield* server(client)
      const claims = yield* connection(hs256("secret", { sub: "alice" }))
      expect(claims).toMatchObject({ user: "alice" })
      expect(claims).not.toHaveProperty("login")
      expect(yield* subscription(hs256("secret", { sub: "alice", channel: "news" }))).toMatchObject({
        channel: "news"
      })
      expect(yield* connection(hs256("wrong", { sub: "alice" }))).toBe("TokenInvalid")
    })
  )

  it.effect("that begins as ours do is verified with their keys, and is not ours for that", () =>
    Effect.gen(function* () {
      const { connection, subscription } = yield* server(client)
      const header = { alg: "HS256", kid: "clarion" }
      const claims = yield* connection(jwt(header, { sub: "alice", iss: "clarion" }, withSecret("secret")))
      expect(claims).toMatchObject({ user: "alice" })
      expect(claims).not.toHaveProperty("login")
      expect(
        yield* subscription(jwt(header, { channel: OVERVIEW, iss: "clarion" }, withSecret("secret")))
      ).toBe("TokenInvalid")
    })
  )

  it.effect("is good for no channel of the server's own", () =>
    Effect.gen(function* () {
      const { subscription } = yield* server(client)
      for (const channel of [OVERVIEW, "clarion:", "clarion:more"])
        expect(yield* subscription(hs256("secret", { channel }))).toBe("TokenInvalid")
      expect(yield* subscription(hs256("secret", { channel: "clarionet" }))).toMatchObject({
        channel: "clarionet"
      })
    })
  )
})
