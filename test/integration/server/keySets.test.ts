import type { KeyObject } from "node:crypto"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { describe } from "vitest"
import { KeySetTimes } from "../../../src/services/auth/KeySets.ts"
import { ecPair, ed25519Pair, jwt, rsaPair, withPrivateKey, withPss, withSecret } from "../../support/jwt.ts"
import { KeyServer } from "../../support/server/KeyServer.ts"
import { orTag, tokensOf } from "../../support/tokens.ts"

const rsa = rsaPair()
const ec = ecPair("P-256")
const ed = ed25519Pair()

const times: KeySetTimes = { timeoutMs: 5000, maxAgeMs: 3_600_000, cooldownMs: 0, pauseMs: 0 }

const PATH = "/keys"

/** A server with these keys under /keys, and whose tokens are taken. */
const serving = (
  keys: ReadonlyArray<{ readonly key: KeyObject; readonly kid?: string }>,
  {
    wanted = times,
    path = PATH,
    issuerRegex
  }: { wanted?: KeySetTimes; path?: string; issuerRegex?: string } = {}
) =>
  Effect.gen(function* () {
    const server = yield* KeyServer.scoped
    server.sets.set(PATH, keys)
    const token = { jwksPublicEndpoint: server.url + path, ...(issuerRegex && { issuerRegex }) }
    const tokens = yield* Effect.provideService(tokensOf({ token }), KeySetTimes, wanted)
    const userOf = (token: string) =>
      orTag(Effect.map(tokens.connection(token), ({ user }) => `user ${user}`))
    return { server, userOf }
  })

const alice = { sub: "alice" }
const rs256 = (kid?: string, claims: object = alice, key = rsa.privateKey) =>
  jwt({ alg: "RS256", kid }, claims, withPrivateKey(key, 256))

describe("keys behind a URL", () => {
  it.effect("are fetched once, for all kinds of tokens", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([
        { key: rsa.publicKey, kid: "r" },
        { key: ec.publicKey, kid: "e" },
        { key: ed.publicKey, kid: "d" }
      ])
      const tokens = [
        rs256("r"),
        jwt({ alg: "ES256", kid: "e" }, alice, withPrivateKey(ec.privateKey, 256)),
        jwt({ alg: "EdDSA", kid: "d" }, alice, withPrivateKey(ed.privateKey)),
        rs256()
      ]
      const users = yield* Effect.forEach([...tokens, ...tokens], userOf, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        users,
        Array.from(users, () => "user alice")
      )
      assert.deepStrictEqual(server.requests, [PATH])
    })
  )

  it.effect("do not make a wrong token right", () =>
    Effect.gen(function* () {
      const { userOf } = yield* serving([{ key: rsa.publicKey, kid: "r" }])
      const publicPem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString()
      for (const token of [
        rs256("r", alice, rsaPair().privateKey),
        rs256("other"),
        jwt({ alg: "HS256", kid: "r" }, alice, withSecret(publicPem)),
        jwt({ alg: "none", kid: "r" }, alice, () => Buffer.alloc(0)),
        jwt({ alg: "PS256", kid: "r" }, alice, withPss(rsa.privateKey)),
        jwt({ alg: "ES256", kid: "r" }, alice, withPrivateKey(ec.privateKey, 256)),
        `${rs256("r").slice(0, -6)}AAAAAA`
      ])
        assert.strictEqual(yield* userOf(token), "TokenInvalid")
    })
  )

  it.effect("of which several fit are told apart by their ids", () =>
    Effect.gen(function* () {
      const [a, b] = [rsaPair(), rsaPair()]
      const { userOf } = yield* serving([
        { key: a.publicKey, kid: "a" },
        { key: b.publicKey, kid: "b" }
      ])
      assert.strictEqual(yield* userOf(rs256("b", alice, b.privateKey)), "user alice")
      assert.strictEqual(yield* userOf(rs256("a", alice, b.privateKey)), "TokenInvalid")
      assert.strictEqual(yield* userOf(rs256(undefined, alice, b.privateKey)), "TokenInvalid")
    })
  )

  it.effect("are fetched anew for an unknown key, and so can be rotated", () =>
    Effect.gen(function* () {
      const next = rsaPair()
      const { server, userOf } = yield* serving([{ key: rsa.publicKey, kid: "1" }])
      assert.strictEqual(yield* userOf(rs256("1")), "user alice")
      assert.strictEqual(yield* userOf(rs256("2", alice, next.privateKey)), "TokenInvalid")
      server.sets.set(PATH, [{ key: next.publicKey, kid: "2" }])
      assert.strictEqual(yield* userOf(rs256("2", alice, next.privateKey)), "user alice")
      assert.strictEqual(yield* userOf(rs256("1")), "TokenInvalid")
    })
  )

  it.effect("are not fetched anew for every unknown key", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([{ key: rsa.publicKey, kid: "1" }], {
        wanted: { ...times, cooldownMs: 3_600_000 }
      })
      assert.strictEqual(yield* userOf(rs256("1")), "user alice")
      for (const kid of ["2", "3", "4"]) assert.strictEqual(yield* userOf(rs256(kid)), "TokenInvalid")
      assert.deepStrictEqual(server.requests, [PATH])
    })
  )
})

describe("keys that are old", () => {
  it.effect("are fetched anew", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([{ key: rsa.publicKey }], {
        wanted: { ...times, maxAgeMs: 0 }
      })
      for (const user of ["a", "b"])
        assert.strictEqual(yield* userOf(rs256(undefined, { sub: user })), `user ${user}`)
      assert.deepStrictEqual(server.requests, [PATH, PATH])
    })
  )
})

describe("keys that cannot be had", () => {
  it.effect("leave open whether a token is right, until they are back", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([])
      for (const broken of [undefined, "{", "[]", "{}", '{"keys":[1]}', "null"]) {
        if (broken === undefined) server.sets.delete(PATH)
        else server.sets.set(PATH, broken)
        assert.strictEqual(yield* userOf(rs256("r")), "KeysUnavailable", String(broken))
      }
      server.sets.set(PATH, [{ key: rsa.publicKey, kid: "r" }])
      assert.strictEqual(yield* userOf(rs256("r")), "user alice")
      server.sets.delete(PATH)
      assert.strictEqual(yield* userOf(rs256("r")), "user alice")
      assert.strictEqual(yield* userOf(rs256("unknown")), "KeysUnavailable")
    })
  )

  it.effect("because nobody answers in time, or listens", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([], { wanted: { ...times, timeoutMs: 20 } })
      server.hold()
      assert.strictEqual(yield* userOf(rs256("r")), "KeysUnavailable")
      const nobody = yield* tokensOf({ token: { jwksPublicEndpoint: "http://127.0.0.1:1/keys" } })
      const failure = yield* Effect.flip(nobody.connection(rs256("r")))
      assert.strictEqual(failure._tag, "KeysUnavailable")
      assert.include(failure.message, "http://127.0.0.1:1/keys: ")
    })
  )

  it.effect("are asked for once in a while, however many tokens come", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([], { wanted: { ...times, pauseMs: 1000 } })
      server.sets.delete(PATH)
      const storm = Effect.forEach(Array.from({ length: 50 }), () => userOf(rs256("r")), { concurrency: 10 })
      assert.deepStrictEqual(new Set(yield* storm), new Set(["KeysUnavailable"]))
      assert.strictEqual(server.requests.length, 1)
      server.sets.set(PATH, [{ key: rsa.publicKey, kid: "r" }])
      yield* TestClock.adjust("999 millis")
      assert.strictEqual(yield* userOf(rs256("r")), "KeysUnavailable")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* userOf(rs256("r")), "user alice")
      assert.strictEqual(server.requests.length, 2)
    })
  )

  it.effect("say nothing about a token that no key can make right", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([])
      server.sets.delete(PATH)
      assert.strictEqual(yield* userOf(jwt({ alg: "none" }, alice, () => Buffer.alloc(0))), "TokenInvalid")
      assert.strictEqual(yield* userOf("no.token.atall"), "TokenInvalid")
      assert.deepStrictEqual(server.requests, [])
    })
  )
})

describe("keys by issuer", () => {
  const byRealm = { path: "/{{realm}}/keys", issuerRegex: "^https://id\\.example/(?P<realm>[a-z.]+)$" }
  const of = (realm: string, key: KeyObject, kid = "same") =>
    rs256(kid, { ...alice, iss: `https://id.example/${realm}` }, key)

  it.effect("are fetched for each, and vouch for nobody else, whatever their ids", () =>
    Effect.gen(function* () {
      const [a, b] = [rsaPair(), rsaPair()]
      const { server, userOf } = yield* serving([], byRealm)
      server.sets.set("/a/keys", [{ key: a.publicKey, kid: "same" }])
      server.sets.set("/b/keys", [{ key: b.publicKey, kid: "same" }])
      assert.strictEqual(yield* userOf(of("a", a.privateKey)), "user alice")
      assert.strictEqual(yield* userOf(of("b", b.privateKey)), "user alice")
      assert.strictEqual(yield* userOf(of("b", a.privateKey)), "TokenInvalid")
      assert.strictEqual(yield* userOf(of("a", b.privateKey)), "TokenInvalid")
      assert.deepStrictEqual([...new Set(server.requests)], ["/a/keys", "/b/keys"])
    })
  )

  it.effect("are asked for nowhere else", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([{ key: rsa.publicKey, kid: "same" }], byRealm)
      for (const realm of ["..", "A", "a/b", ""])
        assert.strictEqual(yield* userOf(of(realm, rsa.privateKey)), "TokenInvalid")
      assert.strictEqual(yield* userOf(rs256("same")), "TokenInvalid")
      assert.strictEqual(
        yield* userOf(jwt({ alg: "RS256" }, "{", withPrivateKey(rsa.privateKey, 256))),
        "TokenInvalid"
      )
      assert.deepStrictEqual(server.requests, [])
    })
  )

  it.effect("are forgotten, those that were not used for longest first", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([], byRealm)
      const names = Array.from({ length: 64 }, (_, at) => `r${"x".repeat(at)}`)
      for (const name of names) server.sets.set(`/${name}/keys`, [{ key: rsa.publicKey, kid: "same" }])
      server.sets.set("/more/keys", [{ key: rsa.publicKey, kid: "same" }])
      for (const name of [...names, names[0]!, "more", names[0]!, names[1]!])
        assert.strictEqual(yield* userOf(of(name, rsa.privateKey)), "user alice")
      assert.strictEqual(server.requests.filter((path) => path === `/${names[0]}/keys`).length, 1)
      assert.strictEqual(server.requests.filter((path) => path === `/${names[1]}/keys`).length, 2)
    })
  )

  it.effect("are fetched by so many at once", () =>
    Effect.gen(function* () {
      const { server, userOf } = yield* serving([], byRealm)
      const names = Array.from({ length: 40 }, (_, at) => `r${"x".repeat(at)}`)
      for (const name of names) server.sets.set(`/${name}/keys`, [{ key: rsa.publicKey, kid: "same" }])
      server.hold()
      let refused = 0
      const users = yield* Effect.forEach(
        names,
        (name) =>
          Effect.tap(userOf(of(name, rsa.privateKey)), (user) =>
            Effect.sync(() => {
              if (user === "KeysUnavailable" && ++refused === 24) server.release()
            })
          ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(users.filter((user) => user === "user alice").length, 16)
      assert.strictEqual(server.requests.length, 16)
    })
  )
})
