import type { KeyObject } from "node:crypto"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { describe } from "vitest"
import {
  ecPair,
  ed25519Pair,
  hs256,
  jwt,
  rsaPair,
  type Sign,
  withPrivateKey,
  withPss,
  withSecret
} from "../../../support/jwt.ts"
import { pem } from "../../../support/publicKeys.ts"
import { orTag, tokensOf } from "../../../support/tokens.ts"

const [rsa, p256, p384, p521, ed] = [
  rsaPair(),
  ecPair("P-256"),
  ecPair("P-384"),
  ecPair("P-521"),
  ed25519Pair()
]

type ClientSettings = Parameters<typeof tokensOf>[0]
type TokenSettings = NonNullable<NonNullable<ClientSettings>["token"]>

const hmac: TokenSettings = { hmacSecretKey: "secret" }
const publicKey = ({ publicKey }: { readonly publicKey: KeyObject }) => pem(publicKey)

/** Who the token is of, or why it is refused. */
const userOf = (token: string, settings: TokenSettings = hmac) =>
  Effect.gen(function* () {
    const tokens = yield* tokensOf({ token: settings })
    return yield* orTag(Effect.map(tokens.connection(token), ({ user }) => `user ${user}`))
  })

const alice = { sub: "alice" }

describe("a token is good", () => {
  it.effect.each<[string, TokenSettings, Sign]>([
    ["HS256", hmac, withSecret("secret", 256)],
    ["HS384", hmac, withSecret("secret", 384)],
    ["HS512", hmac, withSecret("secret", 512)],
    ["RS256", { rsaPublicKey: publicKey(rsa) }, withPrivateKey(rsa.privateKey, 256)],
    ["RS384", { rsaPublicKey: publicKey(rsa) }, withPrivateKey(rsa.privateKey, 384)],
    ["RS512", { rsaPublicKey: publicKey(rsa) }, withPrivateKey(rsa.privateKey, 512)],
    ["ES256", { ecdsaPublicKey: publicKey(p256) }, withPrivateKey(p256.privateKey, 256)],
    ["ES384", { ecdsaPublicKey: publicKey(p384) }, withPrivateKey(p384.privateKey, 384)],
    ["ES512", { ecdsaPublicKey: publicKey(p521) }, withPrivateKey(p521.privateKey, 512)],
    ["EdDSA", { ed25519PublicKey: publicKey(ed) }, withPrivateKey(ed.privateKey)],
    ["Ed25519", { ed25519PublicKey: publicKey(ed) }, withPrivateKey(ed.privateKey)]
  ])("by %s", ([alg, settings, sign]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* userOf(jwt({ alg }, alice, sign), settings), "user alice")
      // The same key is there for the second token, too.
      const tokens = yield* tokensOf({ token: settings })
      for (const sub of ["a", "b"])
        assert.strictEqual((yield* tokens.connection(jwt({ alg }, { sub }, sign))).user, sub)
      assert.strictEqual(
        yield* userOf(
          jwt({ alg }, alice, (text) => sign(`${text}x`)),
          settings
        ),
        "TokenInvalid"
      )
    })
  )

  it.effect("with several keys, by any of them", () =>
    Effect.gen(function* () {
      const all = {
        ...hmac,
        rsaPublicKey: publicKey(rsa),
        ecdsaPublicKey: publicKey(p256),
        ed25519PublicKey: publicKey(ed)
      }
      assert.strictEqual(yield* userOf(hs256("secret", alice), all), "user alice")
      assert.strictEqual(
        yield* userOf(jwt({ alg: "RS256" }, alice, withPrivateKey(rsa.privateKey, 256)), all),
        "user alice"
      )
      assert.strictEqual(
        yield* userOf(jwt({ alg: "EdDSA" }, alice, withPrivateKey(ed.privateKey)), all),
        "user alice"
      )
    })
  )
})

describe("a token is refused", () => {
  const right = hs256("secret", alice)
  const [header, payload, signature] = right.split(".") as [string, string, string]
  const noAlgorithm = jwt({ alg: "none" }, alice, () => Buffer.alloc(0))
  const changed = Buffer.from(JSON.stringify({ sub: "admin" })).toString("base64url")

  it.effect.each<[string, string, TokenSettings?]>([
    ["of the algorithm none", noAlgorithm],
    ["of the algorithm none, with a signature", jwt({ alg: "none" }, alice, withSecret("secret"))],
    ["of None in other letters", jwt({ alg: "nOnE" }, alice, () => Buffer.alloc(0))],
    ["without an algorithm", jwt({ typ: "JWT" }, alice, withSecret("secret"))],
    ["of an algorithm that is no text", jwt({ alg: ["HS256"] }, alice, withSecret("secret"))],
    ["of an algorithm that does not exist", jwt({ alg: "HS257" }, alice, withSecret("secret"))],
    ["of one that every object has", jwt({ alg: "constructor" }, alice, withSecret("secret"))],
    ["signed with another secret", hs256("Secret", alice)],
    ["signed with another hash", jwt({ alg: "HS256" }, alice, withSecret("secret", 384))],
    ["that says another hash", jwt({ alg: "HS384" }, alice, withSecret("secret", 256))],
    ["with other claims", `${header}.${changed}.${signature}`],
    [
      "with another header",
      `${Buffer.from('{"alg":"HS256","x":1}').toString("base64url")}.${payload}.${signature}`
    ],
    ["with a signature that is cut", right.slice(0, -4)],
    ["without a signature", `${header}.${payload}.`],
    ["in two parts", `${header}.${payload}`],
    ["in four parts", `${right}.${signature}`],
    ["that is empty", ""],
    ["that is no token", "hello"],
    ["that is dots", ".."],
    ["whose parts are no base64url", "ä.ö.ü"],
    ["whose header is no JSON", `${Buffer.from("{").toString("base64url")}.${payload}.${signature}`],
    [
      "with a critical header that is unknown",
      jwt({ alg: "HS256", crit: ["x"], x: 1 }, alice, withSecret("secret"))
    ],
    ["with claims that are no JSON", hs256("secret", "{")],
    ["with claims that are a list", hs256("secret", "[]")],
    ["with claims that are null", hs256("secret", "null")],
    ["with claims that are no text", hs256("secret", Buffer.from('{"sub":"\xff"}', "latin1"))],
    ["with the public key as a secret", hs256(publicKey(rsa), alice), { rsaPublicKey: publicKey(rsa) }],
    [
      "signed by another private key",
      jwt({ alg: "RS256" }, alice, withPrivateKey(rsaPair().privateKey, 256)),
      { rsaPublicKey: publicKey(rsa) }
    ],
    ["of an algorithm without a key", jwt({ alg: "RS256" }, alice, withPrivateKey(rsa.privateKey, 256))],
    [
      "of RSA in another scheme",
      jwt({ alg: "PS256" }, alice, withPss(rsa.privateKey)),
      { rsaPublicKey: publicKey(rsa) }
    ],
    [
      "of another curve",
      jwt({ alg: "ES256" }, alice, withPrivateKey(p384.privateKey, 256)),
      { ecdsaPublicKey: publicKey(p384) }
    ],
    ["by a secret where there is none", right, { rsaPublicKey: publicKey(rsa) }],
    ["where there is no key at all", right, {}]
  ])("%s", ([, token, settings]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* userOf(token, settings), "TokenInvalid")
    })
  )

  it.effect("and says why, without the token", () =>
    Effect.gen(function* () {
      const tokens = yield* tokensOf()
      const failure = yield* Effect.flip(tokens.connection(hs256("other", alice)))
      assert.strictEqual(failure.message, "invalid token: signature verification failed")
    })
  )
})

describe("the time of a token", () => {
  const at = (seconds: number, claims: object) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(seconds * 1000)
      return yield* userOf(hs256("secret", { ...alice, ...claims }))
    })

  it.effect("ends at exp", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* at(999, { exp: 1000 }), "user alice")
      assert.strictEqual(yield* at(999.9, { exp: 1000 }), "user alice")
      assert.strictEqual(yield* at(1000, { exp: 1000 }), "TokenExpired")
      assert.strictEqual(yield* at(5000, { exp: 1000 }), "TokenExpired")
      assert.strictEqual(yield* at(1, { exp: 0 }), "TokenExpired")
    })
  )

  it.effect("begins at nbf", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* at(999, { nbf: 1000 }), "TokenExpired")
      assert.strictEqual(yield* at(1000, { nbf: 1000 }), "user alice")
    })
  )

  it.effect("has no end without exp, and iat does not matter", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* at(1e10, {}), "user alice")
      assert.strictEqual(yield* at(1e10, { exp: null, nbf: null }), "user alice")
      assert.strictEqual(yield* at(5, { iat: 1000 }), "user alice")
    })
  )

  it.effect("counts last: what is wrong is wrong, expired or not", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5_000_000)
      const expired = { ...alice, exp: 1000 }
      assert.strictEqual(yield* userOf(hs256("other", expired)), "TokenInvalid")
      assert.strictEqual(yield* userOf(hs256("secret", { ...expired, channels: "x" })), "TokenInvalid")
      assert.strictEqual(yield* userOf(hs256("secret", { ...expired, channel: "x" })), "TokenInvalid")
      assert.strictEqual(
        yield* userOf(hs256("secret", { ...expired, aud: "b" }), { ...hmac, audience: "a" }),
        "TokenInvalid"
      )
      assert.strictEqual(
        yield* userOf(hs256("secret", { ...expired, iss: "b" }), { ...hmac, issuerRegex: "^a" }),
        "TokenInvalid"
      )
      assert.strictEqual(
        yield* userOf(hs256("secret", { ...expired, aud: "a" }), { ...hmac, audience: "a" }),
        "TokenExpired"
      )
    })
  )
})

describe("a secret that is followed by another", () => {
  const both = { hmacSecretKey: "new", hmacPreviousSecretKey: "old" }

  it.effect("is still good, for ever or until its time", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(999_999)
      const until = { ...both, hmacPreviousSecretKeyValidUntil: 1000 }
      for (const secret of ["new", "old"]) {
        assert.strictEqual(yield* userOf(hs256(secret, alice), both), "user alice")
        assert.strictEqual(yield* userOf(hs256(secret, alice), until), "user alice")
      }
      yield* TestClock.setTime(1_000_000)
      assert.strictEqual(yield* userOf(hs256("new", alice), until), "user alice")
      assert.strictEqual(yield* userOf(hs256("old", alice), until), "TokenInvalid")
      assert.strictEqual(yield* userOf(hs256("old", alice), both), "user alice")
    })
  )

  it.effect("is none but these two, and signs nothing but its own algorithms", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* userOf(hs256("older", alice), both), "TokenInvalid")
      assert.strictEqual(
        yield* userOf(
          jwt({ alg: "none" }, alice, () => Buffer.alloc(0)),
          both
        ),
        "TokenInvalid"
      )
      assert.strictEqual(
        yield* userOf(jwt({ alg: "HS512" }, alice, withSecret("old", 512)), both),
        "user alice"
      )
      const { privateKey } = rsaPair()
      const settings = { ...both, rsaPublicKey: publicKey(rsa) }
      assert.strictEqual(
        yield* userOf(jwt({ alg: "RS256" }, alice, withPrivateKey(privateKey, 256)), settings),
        "TokenInvalid"
      )
    })
  )
})

describe("subscription tokens", () => {
  const news = { sub: "alice", channel: "news" }
  const channelOf = (token: string, client: ClientSettings) =>
    Effect.gen(function* () {
      const tokens = yield* tokensOf(client)
      return yield* orTag(Effect.map(tokens.subscription(token), ({ channel }) => `channel ${channel}`))
    })

  it.effect("have the keys of connection tokens, where they have none of their own", () =>
    Effect.gen(function* () {
      const client = {
        token: { hmacSecretKey: "a", audience: "x" },
        subscriptionToken: { hmacSecretKey: "b" }
      }
      assert.strictEqual(yield* channelOf(hs256("a", { ...news, aud: "x" }), client), "channel news")
      assert.strictEqual(yield* channelOf(hs256("a", news), client), "TokenInvalid")
      assert.strictEqual(yield* channelOf(hs256("b", news), client), "TokenInvalid")
    })
  )

  it.effect("have keys, audience and claim of the user of their own, where that is on", () =>
    Effect.gen(function* () {
      const client = {
        token: { hmacSecretKey: "a", audience: "x" },
        subscriptionToken: { enabled: true, hmacSecretKey: "b", userIdClaim: "uid" }
      }
      assert.strictEqual(yield* channelOf(hs256("b", news), client), "channel news")
      assert.strictEqual(yield* channelOf(hs256("a", { ...news, aud: "x" }), client), "TokenInvalid")
      const tokens = yield* tokensOf(client)
      assert.strictEqual((yield* tokens.subscription(hs256("b", { ...news, uid: "bob" }))).user, "bob")
      assert.strictEqual(
        (yield* tokens.connection(hs256("a", { sub: "alice", uid: "bob", aud: "x" }))).user,
        "alice"
      )
      assert.strictEqual(
        yield* orTag(tokens.connection(hs256("b", { sub: "alice", aud: "x" }))),
        "TokenInvalid"
      )
    })
  )

  it.effect("are no connection tokens, nor the other way round", () =>
    Effect.gen(function* () {
      const tokens = yield* tokensOf()
      assert.strictEqual(yield* orTag(tokens.connection(hs256("secret", news))), "TokenInvalid")
      assert.strictEqual(yield* orTag(tokens.subscription(hs256("secret", alice))), "TokenInvalid")
    })
  )
})
