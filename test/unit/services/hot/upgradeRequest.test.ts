import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  checkUpgrade,
  firstProtocol,
  refusalHeaders,
  type UpgradeHeaders
} from "../../../../src/services/hot/upgradeRequest.ts"

const SOUND: UpgradeHeaders = {
  upgrade: "websocket",
  connection: "Upgrade",
  key: "dGhlIHNhbXBsZSBub25jZQ==",
  version: "13",
  protocols: undefined
}

describe("an upgrade request", () => {
  it.each<readonly [string, string, Partial<UpgradeHeaders>]>([
    ["with nothing special", "GET", {}],
    ["in small letters", "get", {}],
    ["in mixed letters", "GET", { upgrade: "WebSocket" }],
    ["among other options", "GET", { connection: "keep-alive, Upgrade" }],
    ["among other options without spaces", "GET", { connection: "upgrade,keep-alive" }],
    ["with other connection tokens", "GET", { connection: "keep-alive, Upgrade" }],
    ["with every character of base64", "GET", { key: "++++////++++////++++/w==" }],
    ["with a subprotocol", "GET", { protocols: "centrifuge-json" }],
    ["with several subprotocols", "GET", { protocols: "a, b ,c,d.e-f_1" }],
    ["with an empty list of subprotocols", "GET", { protocols: "" }]
  ])("%s is sound", (_, method, headers) => {
    expect(checkUpgrade(method, { ...SOUND, ...headers })).toBeUndefined()
  })

  it.each<readonly [string, number, string, Partial<UpgradeHeaders>]>([
    ["no upgrade at all", 426, "GET", { upgrade: undefined }],
    ["an empty upgrade header", 426, "GET", { upgrade: "" }],
    ["another protocol", 426, "GET", { upgrade: "h2c" }],
    ["no connection header", 426, "GET", { connection: undefined }],
    ["a connection that stays HTTP", 426, "GET", { connection: "keep-alive" }],
    ["a connection option that is only like upgrade", 426, "GET", { connection: "no-upgrade, upgrades" }],
    ["POST", 405, "POST", {}],
    ["no version", 426, "GET", { version: undefined }],
    ["version 8", 426, "GET", { version: "8" }],
    ["version 013", 426, "GET", { version: "013" }],
    ["no key", 400, "GET", { key: undefined }],
    ["an empty key", 400, "GET", { key: "" }],
    ["a key without padding", 400, "GET", { key: "dGhlIHNhbXBsZSBub25jZQ" }],
    ["a key of 15 bytes", 400, "GET", { key: "AAAAAAAAAAAAAAAAAAAA" }],
    ["a key of 17 bytes", 400, "GET", { key: "AAAAAAAAAAAAAAAAAAAAAAA=" }],
    ["a key that is not base64", 400, "GET", { key: "dGhlIHNhbXBsZSBub25jZ!==" }],
    ["a key with a line behind it", 400, "GET", { key: `${SOUND.key}\n` }],
    ["a subprotocol of two words", 400, "GET", { protocols: "a b" }],
    ["a subprotocol that would make a header", 400, "GET", { protocols: "a\r\nx-evil: 1" }],
    ["a comma without a subprotocol", 400, "GET", { protocols: "a,,b" }]
  ])("with %s is refused with %d", (_, status, method, headers) => {
    expect(checkUpgrade(method, { ...SOUND, ...headers })).toMatchObject({ status, reason: "invalid" })
  })

  it("is decided quickly, however long its list of subprotocols", () => {
    const protocols = `${"a ,".repeat(20_000)}a b`
    expect(checkUpgrade("GET", { ...SOUND, protocols })?.status).toBe(400)
  })
})

describe("the subprotocol of the answer", () => {
  it("is the first that the client offers, or none", () => {
    expect(firstProtocol("a, b")).toBe("a")
    expect(firstProtocol(" a ,b")).toBe("a")
    expect([firstProtocol(""), firstProtocol(undefined)]).toEqual(["", ""])
  })

  it("is one of the offered tokens, for any offer", () => {
    const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
    fc.assert(
      fc.property(fc.array(token, { minLength: 1 }), (tokens) => {
        expect(checkUpgrade("GET", { ...SOUND, protocols: tokens.join(", ") })).toBeUndefined()
        expect(firstProtocol(tokens.join(", "))).toBe(tokens[0])
      })
    )
  })
})

describe("the headers of a refusal", () => {
  const headers = (status: number, retryAfterSeconds?: number) =>
    new Map(
      refusalHeaders({
        status,
        reason: "invalid",
        message: "no",
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds })
      })
    )

  it("tell a 426 what to upgrade to", () => {
    expect(headers(426).get("sec-websocket-version")).toBe("13")
    expect(headers(426).get("upgrade")).toBe("websocket")
    expect(headers(400).has("upgrade")).toBe(false)
  })

  it("tell when to come back, where that is known", () => {
    expect(headers(503, 10).get("retry-after")).toBe("10")
    expect(headers(503).has("retry-after")).toBe(false)
  })

  it("say that the body is text", () => {
    expect(headers(503).get("content-type")).toBe("text/plain; charset=utf-8")
  })
})
