/** Ends that tokens bring about: wrong ones, and right ones whose time has come. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, openScript, type Script } from "../../support/centrifuge/Script.ts"
import { hs256 } from "../../support/jwt.ts"

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
const token = (claims: object): string => hs256("secret", claims)

const STRICT = { "client.insecure": false }

/** Connects with a token, and gives how that ends. */
const endOf = async (script: Script, request: object) => {
  await script.say({ id: 1, connect: request })
  return script.ended
}

describe("tokens", () => {
  it("3500: the token is none, another's or tampered with", async () => {
    const server = await serveCentrifuge("uws", STRICT)
    const good = token({ sub: "u" })
    const [head, , signature] = good.split(".")
    const tampered = `${head}.${Buffer.from('{"sub":"admin"}').toString("base64url")}.${signature}`
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${good.split(".")[1]}.`
    for (const bad of ["x", "a.b.c", hs256("other", { sub: "u" }), tampered, none]) {
      const script = await openScript(server)
      expect(await endOf(script, { token: bad })).toEqual({ code: 3500, reason: "invalid token" })
      expect(script.lines).toHaveLength(0)
    }
    const script = await connectScript(server, { token: good })
    await script.say({ id: 2, refresh: { token: token({ sub: "somebody else" }) } })
    expect(await script.ended).toEqual({ code: 3500, reason: "invalid token" })
  })

  it("3500: a subscription token is for another user, channel or connection", async () => {
    const server = await serveCentrifuge("uws", STRICT)
    for (const claims of [
      { sub: "v", channel: "a" },
      { sub: "u", channel: "b" },
      { sub: "u", channel: "a", client: "x" }
    ]) {
      const script = await connectScript(server, { token: token({ sub: "u" }) })
      await script.say({ id: 2, subscribe: { channel: "a", token: token(claims) } })
      expect(await script.ended).toEqual({ code: 3500, reason: "invalid token" })
    }
  })

  it("3501: there is none, and nobody may connect without", async () => {
    const server = await serveCentrifuge("uws", STRICT)
    expect(await endOf(await openScript(server), {})).toEqual({ code: 3501, reason: "bad request" })
    expect(await endOf(await openScript(server), { token: "" })).toEqual({
      code: 3501,
      reason: "bad request"
    })
  })

  it("3507: it is nobody's, which is forbidden", async () => {
    const server = await serveCentrifuge("uws", {
      ...STRICT,
      "client.disallowAnonymousConnectionTokens": true
    })
    expect(await endOf(await openScript(server), { token: token({ sub: "" }) })).toEqual({
      code: 3507,
      reason: "permission denied"
    })
  })

  it("3005: the connection expires, and nobody refreshed it", async () => {
    const server = await serveCentrifuge("uws", { ...STRICT, "client.expiredCloseDelay": "100 ms" })
    const script = await connectScript(server, { token: token({ sub: "u", exp: inSeconds(2) }) })
    const { connect } = await script.reply(1)
    expect(connect).toMatchObject({ expires: true })
    expect(connect.ttl).toBeGreaterThan(0)
    expect(connect.ttl).toBeLessThanOrEqual(2)
    expect(await script.ended).toEqual({ code: 3005, reason: "connection expired" })
  })

  it("3005: it is refreshed with a token that has expired, and by the application", async () => {
    const server = await serveCentrifuge("uws", STRICT)
    const script = await connectScript(server, { token: token({ sub: "u" }) })
    await script.say({ id: 2, refresh: { token: token({ sub: "u", exp: inSeconds(-10) }) } })
    expect(await script.ended).toEqual({ code: 3005, reason: "connection expired" })
    const other = await connectScript(server, { token: token({ sub: "u" }) })
    await server.control({ _tag: "Refresh", user: "u", isExpired: true })
    expect(await other.ended).toEqual({ code: 3005, reason: "connection expired" })
  })

  it("3006: a subscription of the server expires", async () => {
    const server = await serveCentrifuge("uws", {
      ...STRICT,
      "client.expiredSubCloseDelay": "50 ms",
      "client.presenceUpdateInterval": "100 ms"
    })
    const script = await connectScript(server, { token: token({ sub: "u" }) })
    await server.control({ _tag: "Subscribe", user: "u", channel: "a", expireAt: inSeconds(1) })
    expect(await script.ended).toEqual({ code: 3006, reason: "subscription expired" })
  })

  it("3010: a new token has other subscriptions of the server", async () => {
    const server = await serveCentrifuge("uws", STRICT)
    for (const channels of [[], ["a", "b"], ["b"]]) {
      const script = await connectScript(server, { token: token({ sub: "u", channels: ["a"] }) })
      await script.say({ id: 2, refresh: { token: token({ sub: "u", channels: ["a"] }) } })
      expect((await script.reply(2)).refresh.client).toBe((await script.reply(1)).connect.client)
      await script.say({ id: 3, refresh: { token: token({ sub: "u", channels }) } })
      expect(await script.ended).toEqual({ code: 3010, reason: "insufficient state" })
    }
  })
})

describe("a subscription", () => {
  it("2000, 2501: is ended by the application, or expires", async () => {
    const server = await serveCentrifuge("uws", {
      ...STRICT,
      "client.expiredSubCloseDelay": "50 ms",
      "client.presenceUpdateInterval": "100 ms",
      ...withNamespaces({ name: "open", allowSubscribeForClient: true })
    })
    const script = await connectScript(server, { token: token({ sub: "u" }) })
    await script.say({ id: 2, subscribe: { channel: "open:a" } })
    await script.reply(2)
    await server.control({ _tag: "Unsubscribe", user: "u", channel: "open:a" })
    await script.say({
      id: 3,
      subscribe: { channel: "open:b", token: token({ sub: "u", channel: "open:b", exp: inSeconds(1) }) }
    })
    expect((await script.reply(3)).subscribe).toEqual({ expires: true, ttl: 1 })
    await script.line(({ push }) => push?.channel === "open:b")
    expect(script.pushes("open:a")).toEqual([
      { channel: "open:a", unsubscribe: { code: 2000, reason: "server unsubscribe" } }
    ])
    expect(script.pushes("open:b")).toEqual([
      { channel: "open:b", unsubscribe: { code: 2501, reason: "subscription expired" } }
    ])
  })
})
