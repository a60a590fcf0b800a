import { describe, expect, it } from "vitest"
import { makeOriginCheck } from "../../../../src/services/auth/origins.ts"

const isWelcome = (
  allowed: ReadonlyArray<string>,
  origin: string | undefined,
  host = "server.example:8088"
) =>
  makeOriginCheck(allowed)(
    new Map([["host", host], ...(origin === undefined ? [] : [["origin", origin] as const])])
  )

describe("an origin", () => {
  it("that is not told is welcome, whatever the list", () => {
    for (const allowed of [[], ["*"], ["https://a.example"]]) expect(isWelcome(allowed, undefined)).toBe(true)
  })

  it("is welcome nowhere by an empty list", () => {
    for (const origin of ["https://a.example", "null", ""]) expect(isWelcome([], origin)).toBe(false)
  })

  it("is always welcome by *", () => {
    for (const origin of ["https://a.example", "http://a:1", "null", "", "file://", "x".repeat(5000), "a\nb"])
      expect(isWelcome(["https://b.example", "*"], origin)).toBe(true)
  })

  it.each([
    ["https://a.example", "https://a.example", true],
    ["https://A.Example", "HTTPS://a.eXample", true],
    ["https://a.example", "http://a.example", false],
    ["https://a.example", "https://a.example:8443", false],
    ["https://a.example", "https://a.example.evil.com", false],
    ["https://a.example", "https://axexample", false],
    ["https://*.example.com", "https://a.example.com", true],
    ["https://*.example.com", "https://a.b.example.com", true],
    ["https://*.example.com", "https://example.com", false],
    ["https://*.example.com", "https://evilexample.com", false],
    ["https://*.example.com", "http://a.example.com", false],
    ["https://*.example.com", "https://a.example.com.evil.org", false],
    ["*.example.com", "https://a.example.com", true],
    ["https://**.example.com", "https://a.b.example.com", true],
    ["*://example.com", "http://example.com", true],
    ["http://localhost:*", "http://localhost:3000", true],
    ["http://localhost:*", "http://localhost", false],
    ["http://localhost:300?", "http://localhost:3001", true],
    ["http://localhost:300?", "http://localhost:300", false],
    ["https://{a,b}.example.com", "https://b.example.com", true],
    ["https://{a,b}.example.com", "https://c.example.com", false],
    ["https://[ab].example.com", "https://a.example.com", true],
    ["https://[a-c].example.com", "https://c.example.com", true],
    ["https://[!ab].example.com", "https://a.example.com", false],
    ["https://[!ab].example.com", "https://c.example.com", true],
    ["!https://a.example", "https://b.example", false],
    ["https://+(a|b).example", "https://a.example", false],
    ["http://[::1]:3000", "http://[::1]:3000", true],
    ["null", "null", true],
    ["https://a.example", "null", false]
  ])("by %s, %s: %s", (glob, origin, isIt) => {
    expect(isWelcome([glob], origin)).toBe(isIt)
    expect(isWelcome(["https://other.example", glob], origin)).toBe(isIt)
  })

  it("that is longer than any is not looked at", () => {
    expect(isWelcome(["https://*.example.com"], `https://${"a.".repeat(200)}example.com`)).toBe(false)
  })

  it.each([
    ["http://server.example:8088", "server.example:8088", true],
    ["https://server.example:8088", "server.example:8088", true],
    ["HTTP://Server.example:8088", "server.EXAMPLE:8088", true],
    ["https://server.example", "server.example", true],
    ["http://[::1]:8088", "[::1]:8088", true],
    ["https://server.example", "server.example:443", true],
    ["http://server.example", "server.example:80", true],
    ["http://server.example", "server.example:443", false],
    ["http://server.example:8089", "server.example:8088", false],
    ["http://server.example", "server.example:8088", false],
    ["http://a.server.example:8088", "server.example:8088", false],
    ["http://server.example:8088.evil.example", "server.example:8088", false],
    ["http://server.example:8088/", "server.example:8088", false],
    ["http://user@server.example:8088", "server.example:8088", false],
    ["file://server.example:8088", "server.example:8088", false],
    ["server.example:8088", "server.example:8088", false],
    ["null", "null", false],
    ["", "", false]
  ])("%j is that of the server itself at %j: %s, whatever the list", (origin, host, isIt) => {
    for (const allowed of [[], ["https://other.example"]]) expect(isWelcome(allowed, origin, host)).toBe(isIt)
  })
})
