import { describe, expect, it } from "vitest"
import { CloseReasons } from "../../../../src/protocol/closeCodes.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"

/** The one command that reaches the sessions, payloads as text. */
const commandOf = async (path: string, body: unknown) => {
  const api = new ApiFixture()
  expect(await api.json(path, body)).toEqual({ result: {} })
  expect(api.control.commands).toHaveLength(1)
  return Object.fromEntries(
    Object.entries(api.control.commands[0]!)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value).toString() : value])
  )
}

const refusal = async (path: string, body: unknown) => {
  const api = new ApiFixture()
  const code = await api.code(path, body)
  expect(api.control.commands).toEqual([])
  return code
}

const METHODS = ["subscribe", "unsubscribe", "disconnect", "refresh"]

describe.each(METHODS)("%s", (method) => {
  it.each([{}, { user: "" }, { user: null }])("refuses %j: there has to be a user", async (target) => {
    expect(await refusal(`/api/${method}`, { ...target, channel: "a" })).toBe(107)
  })

  it("means all connections of the user, or the one that is named", async () => {
    const ask = (target: object) => commandOf(`/api/${method}`, { user: "42", channel: "a", ...target })
    expect(await ask({})).not.toHaveProperty("client")
    expect(await ask({ client: "", session: "" })).not.toHaveProperty("session")
    expect(await ask({ client: "c" })).toMatchObject({ user: "42", client: "c" })
    expect(await ask({ session: "s" })).toMatchObject({ user: "42", session: "s" })
  })
})

describe.each(["subscribe", "unsubscribe"])("%s", (method) => {
  it.each([
    [{}, 107],
    [{ channel: "" }, 107],
    [{ channel: "x".repeat(256) }, 107],
    [{ channel: "none:a" }, 102]
  ])("refuses the channel of %j", async (channel, code) => {
    expect(await refusal(`/api/${method}`, { user: "42", ...channel })).toBe(code)
  })
})

describe("subscribe", () => {
  const ask = (request: object) => commandOf("/api/subscribe", { user: "42", channel: "a", ...request })

  it("with nothing else leaves everything to the channel's options", async () => {
    expect(await ask({ expire_at: 0, info: undefined, b64data: "" })).toEqual({
      _tag: "Subscribe",
      user: "42",
      channel: "a",
      override: {}
    })
  })

  it("passes on everything that is said of the subscription", async () => {
    const body =
      '{"user":"42","channel":"a","info":{"b": 1},"data":12345678901234567890,"expire_at":1700000000,' +
      '"recover_since":{"offset":7,"epoch":"e"}}'
    expect(await commandOf("/api/subscribe", body)).toMatchObject({
      info: '{"b": 1}',
      data: "12345678901234567890",
      expireAt: 1_700_000_000,
      recoverSince: { offset: 7, epoch: "e" }
    })
    expect(await ask({ recover_since: {} })).toMatchObject({ recoverSince: { offset: 0, epoch: "" } })
  })

  it("takes info and data in base64, too", async () => {
    const request = { info: 1, b64info: btoa("<i>"), data: 2, b64data: btoa("<d>") }
    expect(await ask(request)).toMatchObject({ info: "<i>", data: "<d>" })
  })

  it("overrides options, each with true or false", async () => {
    const override = {
      presence: { value: true },
      join_leave: { value: false },
      force_recovery: {},
      force_positioning: { value: true },
      force_push_join_leave: { value: true }
    }
    expect((await ask({ override })).override).toEqual({
      presence: true,
      joinLeave: false,
      forceRecovery: false,
      forcePositioning: true,
      forcePushJoinLeave: true
    })
    expect((await ask({ override: { presence: { value: true } } })).override).toEqual({ presence: true })
  })

  it.each([[{ b64info: "*" }], [{ b64data: "*" }], [{ expire_at: -1 }], [{ recover_since: { offset: -1 } }]])(
    "refuses %j",
    async (request) => {
      expect(await refusal("/api/subscribe", { user: "42", channel: "a", ...request })).toBe(107)
    }
  )
})

describe("unsubscribe", () => {
  it("tells the sessions", async () => {
    expect(await commandOf("/api/unsubscribe", { user: "42", channel: "a" })).toEqual({
      _tag: "Unsubscribe",
      user: "42",
      channel: "a"
    })
  })
})

describe("disconnect", () => {
  const ask = (request: object) => commandOf("/api/disconnect", { user: "42", ...request })

  it("is a forced one, of everyone, without saying more", async () => {
    expect(await ask({})).toEqual({
      _tag: "Disconnect",
      user: "42",
      code: 3503,
      reason: "force disconnect",
      whitelist: []
    })
  })

  it("leaves those on the whitelist", async () => {
    expect(await ask({ whitelist: ["a", "b"] })).toMatchObject({ whitelist: ["a", "b"] })
  })

  it.each([
    [4000, "mine", "mine"],
    [4999, "", ""],
    [4500, undefined, ""],
    [3001, undefined, "shutdown"],
    [3503, "", "force disconnect"],
    [3000 + 5, "my reason", "my reason"],
    [4000, "é".repeat(61), "é".repeat(61)]
  ])("takes code %d with reason %j", async (code, reason, told) => {
    expect(await ask({ disconnect: { code, reason } })).toMatchObject({ code, reason: told })
  })

  it.each([
    [{}],
    [{ reason: "why" }],
    [{ code: 0 }],
    [{ code: 1000 }],
    [{ code: CloseReasons.restart.code }],
    [{ code: 2999 }],
    [{ code: 3000 }],
    [{ code: 3999 }],
    [{ code: 5000 }],
    [{ code: 4000.5 }],
    [{ code: 4000, reason: "x".repeat(124) }],
    [{ code: 4000, reason: "é".repeat(62) }]
  ])("refuses %j", async (disconnect) => {
    expect(await refusal("/api/disconnect", { user: "42", disconnect })).toBe(107)
  })
})

describe("refresh", () => {
  const ask = (request: object) => commandOf("/api/refresh", { user: "42", ...request })

  it("lets the connection go on without end, if nothing else is said", async () => {
    expect(await ask({})).toEqual({ _tag: "Refresh", user: "42", isExpired: false })
    expect(await ask({ expire_at: 0, expired: false })).toEqual(await ask({}))
  })

  it("passes on until when, and what is told of the client", async () => {
    const body = '{"user":"42","expire_at":1700000000,"info":{"big":12345678901234567890}}'
    expect(await commandOf("/api/refresh", body)).toMatchObject({
      expireAt: 1_700_000_000,
      info: '{"big":12345678901234567890}'
    })
  })

  it("ends it", async () => {
    expect(await ask({ expired: true })).toMatchObject({ isExpired: true })
  })
})
