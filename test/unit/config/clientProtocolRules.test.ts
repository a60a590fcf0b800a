import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { type ServerConfigValue, serverConfig } from "../../../src/config/ServerConfig.ts"
import { publicKeys } from "../../support/publicKeys.ts"

type ClientSettings = NonNullable<Settings<ServerConfigValue>["client"]>
type TokenSettings = NonNullable<ClientSettings["token"]>

const problemsOf = (settings: Settings<ServerConfigValue>) => {
  const config = serverConfig(settings)
  return Result.isFailure(config) ? config.failure.problems.map(({ where, message }) => [where, message]) : []
}

const wrong = (client: ClientSettings) => problemsOf({ client }).map(([where]) => where)
const wrongToken = (token: TokenSettings) => wrong({ token })

describe("pings and pongs", () => {
  it("a pong is due before the next ping, where there are pings", () => {
    expect(wrong({ pingInterval: "8 s", pongTimeout: "8 s" })).toEqual(["client.pongTimeout"])
    expect(wrong({ pingInterval: "9 s", pongTimeout: "8 s" })).toEqual([])
    expect(wrong({ pingInterval: 0, pongTimeout: "8 s" })).toEqual([])
    expect(wrong({ pingInterval: "1 s", pongTimeout: 0 })).toEqual([])
  })
})

describe("personal channels", () => {
  it("are in a namespace that exists", () => {
    const client = { subscribeToUserPersonalChannel: { personalChannelNamespace: "own" } }
    expect(problemsOf({ client })).toEqual([
      [
        "client.subscribeToUserPersonalChannel.personalChannelNamespace",
        '"own" is none of channels.namespaces'
      ]
    ])
    expect(problemsOf({ client, channels: { namespaces: [{ name: "own" }] } })).toEqual([])
  })
})

describe("verification of tokens", () => {
  it("takes a value or a pattern for audience and issuer, not both", () => {
    expect(wrongToken({ audience: "a", audienceRegex: "a" })).toEqual(["client.token.audienceRegex"])
    expect(wrongToken({ issuer: "a", issuerRegex: "a" })).toEqual(["client.token.issuerRegex"])
    expect(wrongToken({ audience: "a", issuerRegex: "a" })).toEqual([])
  })

  it("has a previous secret beside the present one only, and its end beside it", () => {
    expect(wrongToken({ hmacPreviousSecretKey: "old" })).toEqual(["client.token.hmacPreviousSecretKey"])
    expect(wrongToken({ hmacSecretKey: "new", hmacPreviousSecretKeyValidUntil: 5 })).toEqual([
      "client.token.hmacPreviousSecretKeyValidUntil"
    ])
    const both = { hmacSecretKey: "new", hmacPreviousSecretKey: "old", hmacPreviousSecretKeyValidUntil: 5 }
    expect(wrongToken(both)).toEqual([])
  })

  it("takes the keys of a key set, or those that are configured", () => {
    const jwksPublicEndpoint = "https://a.example/keys"
    expect(wrongToken({ jwksPublicEndpoint })).toEqual([])
    expect(
      wrongToken({ jwksPublicEndpoint, hmacSecretKey: "x", ed25519PublicKey: publicKeys.ed25519 })
    ).toEqual(["client.token.hmacSecretKey", "client.token.ed25519PublicKey"])
  })

  it("fills the URL of a key set with groups that exist", () => {
    const jwksPublicEndpoint = "https://{{tenant}}.example/{{realm}}/keys"
    expect(
      problemsOf({ client: { token: { jwksPublicEndpoint, issuerRegex: "/(?P<realm>[a-z]+)$" } } })
    ).toEqual([
      ["client.token.jwksPublicEndpoint", "{{tenant}} is no named group of audienceRegex or issuerRegex"]
    ])
    expect(
      wrongToken({
        jwksPublicEndpoint,
        issuerRegex: "/(?<realm>[a-z]+)$",
        audienceRegex: "^(?<tenant>[a-z]+)"
      })
    ).toEqual([])
  })

  it("is checked for subscription tokens as for connection tokens", () => {
    expect(wrong({ subscriptionToken: { audience: "a", audienceRegex: "a" } })).toEqual([
      "client.subscriptionToken.audienceRegex"
    ])
  })

  it("has a key for subscription tokens, where they have their own", () => {
    expect(wrong({ subscriptionToken: { enabled: true } })).toEqual(["client.subscriptionToken.enabled"])
    expect(wrong({ subscriptionToken: { enabled: true, hmacSecretKey: "x" } })).toEqual([])
    expect(wrong({ subscriptionToken: { enabled: true, jwksPublicEndpoint: "https://a.example" } })).toEqual(
      []
    )
  })
})

describe("single options of clients", () => {
  it.each([
    ["client.token.rsaPublicKey", { token: { rsaPublicKey: "x" } }],
    ["client.token.jwksPublicEndpoint", { token: { jwksPublicEndpoint: "keys.json" } }],
    ["client.token.audienceRegex", { token: { audienceRegex: "(" } }],
    ["client.token.userIdClaim", { token: { userIdClaim: "user.id" } }],
    ["client.token.cookie", { token: { cookie: "a b" } }],
    ["client.userIdHttpHeader", { userIdHttpHeader: "X User:" }]
  ])("%s cannot be anything", (where, client) => {
    expect(wrong(client)).toEqual([where])
  })
})
