import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { connectionClaims, subscriptionClaims } from "../../../../src/services/auth/claims.ts"
import { readPayload } from "../../../../src/services/auth/payload.ts"

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()

/** The claims of a payload, given as an object or as its text; undefined where they are invalid. */
const connection = (payload: object | string, userIdClaim = "sub") => {
  const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload))
  const claims = Result.flatMap(readPayload(bytes), (read) => connectionClaims(read, userIdClaim))
  return Result.isSuccess(claims) ? claims.success : undefined
}
const subscription = (payload: object | string, userIdClaim = "sub") => {
  const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload))
  const claims = Result.flatMap(readPayload(bytes), (read) => subscriptionClaims(read, userIdClaim))
  return Result.isSuccess(claims) ? claims.success : undefined
}
const base64 = (given: string) => Buffer.from(given).toString("base64")

describe("the user", () => {
  it("is the subject, or nobody in particular", () => {
    expect(connection({ sub: "42" })?.user).toBe("42")
    expect(connection({ sub: "" })?.user).toBe("")
    expect(connection({})?.user).toBe("")
    expect(connection({ sub: null })?.user).toBe("")
  })

  it("stands in the claim that is configured", () => {
    expect(connection({ sub: "42", user_id: "43" }, "user_id")?.user).toBe("43")
    expect(connection({ sub: "42" }, "user_id")?.user).toBe("")
    expect(connection({ sub: "42" }, "constructor")?.user).toBe("")
  })

  it("is unescaped, and a text", () => {
    expect(connection('{"sub":"\\u0034\\n"}')?.user).toBe("4\n")
    for (const sub of [42, true, ["42"], {}]) expect(connection({ sub })).toBeUndefined()
    expect(connection({ sub: "42", user_id: 43 }, "user_id")).toBeUndefined()
  })
})

describe("what is passed on", () => {
  const odd = '{ "b" : 12345678901234567890, "2":1e2,\n "1": "\\u00e4\\/", "b": [] }'

  it("is passed on byte for byte", () => {
    const claims = connection(`{"info":${odd},"meta" : ${odd} }`)
    expect(text(claims?.info)).toBe(odd)
    expect(text(claims?.meta)).toBe(odd)
  })

  it("can be any JSON", () => {
    for (const json of ["0", '"x"', "[]", "false", '"чат"']) {
      expect(text(connection(`{"info":${json}}`)?.info)).toBe(json)
      expect(text(connection(`{"meta":${json}}`)?.meta)).toBe(json)
    }
  })

  it("is absent where the claim is, or null", () => {
    expect(connection({})).toMatchObject({ info: undefined, meta: undefined })
    expect(connection({ info: null, b64info: null, meta: null })).toMatchObject({
      info: undefined,
      meta: undefined
    })
  })

  it("can be any bytes, as base64", () => {
    expect(connection({ b64info: Buffer.from([0, 255, 1]).toString("base64") })?.info).toEqual(
      Uint8Array.from([0, 255, 1])
    )
    expect(text(connection({ info: 1, b64info: base64("x") })?.info)).toBe("x")
    for (const b64info of ["*", "YQ", 5, "YQ==="]) expect(connection({ b64info })).toBeUndefined()
  })

  it("holds no more memory than its own", () => {
    for (const bytes of [connection({ info: { a: 1 } })?.info, connection({ meta: 1 })?.meta])
      expect(bytes?.buffer.byteLength).toBe(bytes?.length)
  })

  it("is what stands last, where it stands twice", () => {
    const claims = connection('{"info":1,"sub":"a","info":2,"sub":"b"}')
    expect([text(claims?.info), claims?.user]).toEqual(["2", "b"])
  })
})

describe("the end of a connection", () => {
  it.each([
    [{}, undefined],
    [{ exp: 1000 }, 1000],
    [{ exp: 1000.7 }, 1000],
    [{ exp: 1000, expire_at: 2000 }, 2000],
    [{ exp: 1000, expire_at: 0 }, undefined],
    [{ exp: 1000, expire_at: null }, 1000],
    [{ expire_at: 2000 }, 2000]
  ])("of %j is %s", (claims, end) => {
    expect(connection(claims)?.expireAt).toBe(end)
    expect(subscription({ channel: "a", ...claims })?.expireAt).toBe(end)
  })

  it.each(["exp", "nbf", "iat", "expire_at"])("%s is a number", (name) => {
    for (const value of ["1000", true, {}, [1000]]) expect(connection({ [name]: value })).toBeUndefined()
    expect(connection(`{"${name}":1e400}`)).toBeUndefined()
  })
})

describe("server-side subscriptions", () => {
  it("come by name", () => {
    expect([...connection({ channels: ["a", "b:c"] })!.subs]).toEqual([
      ["a", {}],
      ["b:c", {}]
    ])
    expect(connection({})?.subs.size).toBe(0)
    expect(connection({ channels: null, subs: null })?.subs.size).toBe(0)
  })

  it("come with what belongs to them, byte for byte", () => {
    const { subs } = connection(
      '{"subs":{"a":{"info":{"x": 1.0},"data":[ 1 ]},"b":{"b64info":"eA==","b64data":"eQ=="},"c":{}}}'
    )!
    expect([...subs.keys()]).toEqual(["a", "b", "c"])
    expect([text(subs.get("a")?.info), text(subs.get("a")?.data)]).toEqual(['{"x": 1.0}', "[ 1 ]"])
    expect([text(subs.get("b")?.info), text(subs.get("b")?.data)]).toEqual(["x", "y"])
    expect(subs.get("c")).toEqual({})
  })

  it("may change options of the channel, for this client", () => {
    const override = {
      presence: { value: true },
      join_leave: { value: false },
      force_recovery: {},
      force_positioning: null,
      unknown: { value: 5 }
    }
    expect(connection({ subs: { a: { override } } })?.subs.get("a")?.override).toEqual({
      presence: true,
      joinLeave: false,
      forceRecovery: false
    })
    const pushed = connection({
      subs: {
        a: { override: { force_push_join_leave: { value: true }, force_positioning: { value: true } } }
      }
    })
    expect(pushed?.subs.get("a")?.override).toEqual({ forcePushJoinLeave: true, forcePositioning: true })
  })

  it("of both claims are all there, and subs says more", () => {
    const { subs } = connection({ channels: ["a", "b"], subs: { b: { data: 1 }, c: {} } })!
    expect([...subs.keys()]).toEqual(["a", "b", "c"])
    expect(text(subs.get("b")?.data)).toBe("1")
  })

  it("may have any names", () => {
    expect([...connection('{"subs":{"__proto__":{"data":1},"constructor":{}}}')!.subs.keys()]).toEqual([
      "__proto__",
      "constructor"
    ])
  })

  it.each([
    { channels: "a" },
    { channels: [1] },
    { channels: { a: {} } },
    { subs: ["a"] },
    { subs: "a" },
    { subs: { a: null } },
    { subs: { a: 1 } },
    { subs: { a: { b64info: "*" } } },
    { subs: { a: { b64data: 1 } } },
    { subs: { a: { override: 1 } } },
    { subs: { a: { override: { presence: true } } } },
    { subs: { a: { override: { presence: { value: 1 } } } } }
  ])("are not %j", (claims) => {
    expect(connection(claims)).toBeUndefined()
  })
})

describe("a connection token", () => {
  it("is for no channel", () => {
    expect(connection({ sub: "42", channel: "a" })).toBeUndefined()
    expect(connection({ sub: "42", channel: 5 })).toBeUndefined()
    expect(connection({ sub: "42", channel: null })).toBeDefined()
  })

  it("may have claims that nobody knows", () => {
    expect(connection({ sub: "42", jti: "x", roles: ["a"], channel_count: 5 })).toEqual({
      user: "42",
      subs: new Map(),
      info: undefined,
      meta: undefined,
      expireAt: undefined
    })
  })
})

describe("a subscription token", () => {
  it("has a channel", () => {
    expect(subscription({ sub: "42", channel: "a" })).toMatchObject({
      user: "42",
      channel: "a",
      client: undefined
    })
    for (const channel of [undefined, null, "", 5, ["a"]])
      expect(subscription({ sub: "42", channel })).toBeUndefined()
  })

  it("may be for one connection", () => {
    expect(subscription({ channel: "a", client: "c1" })?.client).toBe("c1")
    expect(subscription({ channel: "a", client: "" })?.client).toBeUndefined()
    expect(subscription({ channel: "a", client: 5 })).toBeUndefined()
  })

  it("brings what belongs to the subscription", () => {
    const claims = subscription(
      '{"channel":"a","info":[1, 2],"data":{"x" :1},"override":{"presence":{"value":true}}}'
    )
    expect([text(claims?.info), text(claims?.data), claims?.override?.presence]).toEqual([
      "[1, 2]",
      '{"x" :1}',
      true
    ])
    const bytes = subscription({ channel: "a", b64info: base64("i"), b64data: base64("d") })
    expect([text(bytes?.info), text(bytes?.data)]).toEqual(["i", "d"])
    expect(subscription({ channel: "a", b64data: "*" })).toBeUndefined()
    expect(subscription({ channel: "a", override: [] })).toBeUndefined()
  })
})
