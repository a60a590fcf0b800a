import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { TokenConfig } from "../../../../src/config/clientProtocolRules.ts"
import { fillTemplate, makeIssuingCheck } from "../../../../src/services/auth/issuing.ts"
import { readPayload } from "../../../../src/services/auth/payload.ts"
import { configWith } from "../../../support/configurations.ts"

/** The groups that were found; undefined where the token is not for this server. */
const check = (settings: Partial<TokenConfig>, claims: object) => {
  const config = { ...configWith().client.token, ...settings }
  const checked = Result.flatMap(readPayload(Buffer.from(JSON.stringify(claims))), makeIssuingCheck(config))
  return Result.isSuccess(checked) ? { ...checked.success } : undefined
}

describe("audience and issuer", () => {
  it("are anything where nothing is configured, of the right type", () => {
    for (const claims of [{}, { aud: "a", iss: "b" }, { aud: ["a", "b"] }, { aud: [], iss: null }])
      expect(check({}, claims)).toEqual({})
    for (const claims of [{ aud: 1 }, { aud: [1] }, { aud: {} }, { iss: 1 }, { iss: ["a"] }])
      expect(check({}, claims)).toBeUndefined()
  })

  it.each([
    [{ aud: "a" }, true],
    [{ aud: ["b", "a"] }, true],
    [{ aud: "A" }, false],
    [{ aud: "ab" }, false],
    [{ aud: ["b"] }, false],
    [{ aud: [] }, false],
    [{ aud: "" }, false],
    [{}, false]
  ])("%j has the audience a: %s", (claims, isRight) => {
    expect(check({ audience: "a" }, claims) !== undefined).toBe(isRight)
  })

  it.each([
    [{ iss: "a" }, true],
    [{ iss: "ab" }, false],
    [{ iss: "" }, false],
    [{}, false]
  ])("%j has the issuer a: %s", (claims, isRight) => {
    expect(check({ issuer: "a" }, claims) !== undefined).toBe(isRight)
  })

  it("match expressions as they are written, anchored or not", () => {
    expect(check({ audienceRegex: "app" }, { aud: ["x", "my-app-1"] })).toEqual({})
    expect(check({ audienceRegex: "^app$" }, { aud: ["x", "my-app-1"] })).toBeUndefined()
    expect(check({ audienceRegex: "^$" }, {})).toBeUndefined()
    expect(check({ issuerRegex: "^https://" }, { iss: "https://a" })).toEqual({})
    expect(check({ issuerRegex: "^https://" }, { iss: "http://a" })).toBeUndefined()
    expect(check({ issuerRegex: ".*" }, {})).toBeUndefined()
  })

  it("give the groups of their expressions, of the audience that matched", () => {
    const settings = {
      audienceRegex: "^app-(?P<app>.+)$",
      issuerRegex: "/realms/(?<realm>[a-z]+)(?<rest>/x)?"
    }
    expect(check(settings, { aud: ["x", "app-7"], iss: "https://a/realms/main" })).toEqual({
      app: "7",
      realm: "main"
    })
    expect(check(settings, { aud: ["x"], iss: "https://a/realms/main" })).toBeUndefined()
  })
})

describe("the URL of a key set", () => {
  const fill = (template: string, groups: Record<string, string | undefined>) => {
    const url = fillTemplate(template, groups)
    return Result.isSuccess(url) ? url.success.href : undefined
  }

  it("has the groups filled in, wherever they stand", () => {
    expect(fill("https://keys.example/{{realm}}/certs?again={{realm}}", { realm: "main" })).toBe(
      "https://keys.example/main/certs?again=main"
    )
    expect(fill("https://{{tenant}}.example/{{realm}}", { tenant: "a1", realm: "b" })).toBe(
      "https://a1.example/b"
    )
    expect(fill("https://keys.example/{{x}}", { x: "$&{{x}}" })).toBe(
      "https://keys.example/%24%26%7B%7Bx%7D%7D"
    )
  })

  it("leads nowhere else, whatever a token says", () => {
    expect(fill("https://keys.example/{{realm}}/certs", { realm: "../evil?x=#y" })).toBe(
      "https://keys.example/..%2Fevil%3Fx%3D%23y/certs"
    )
    for (const tenant of ["evil.com/", "evil.com#", "evil.com?", "evil.com\\", "a@evil.com", "evil:80"])
      expect(fill("https://{{tenant}}.example/certs", { tenant })).toBeUndefined()
  })

  it("is none without something to fill in", () => {
    for (const realm of [undefined, "", ".", ".."])
      expect(fill("https://keys.example/{{realm}}/certs", { realm })).toBeUndefined()
  })
})
