import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import { members } from "../../../../src/protocol/rawJson.ts"
import { type Asked, headersOf, requestBody } from "../../../../src/services/backend/proxyRequest.ts"
import { configWith } from "../../../support/configurations.ts"
import { bytes, facts, user } from "../../../support/questions.ts"
import { padded, valueText } from "../../protocol/jsonText.ts"

type ProxySettings = NonNullable<NonNullable<Settings<ServerConfigValue>["rpc"]>["proxy"]>
const proxy = (settings: ProxySettings = {}) => configWith({ rpc: { proxy: settings } }).rpc.proxy
const written = (question: Asked, settings: ProxySettings = {}) =>
  requestBody(proxy(settings), question).toString()

const base = '"client":"9336a229-2400-4ebc-8c50-0a643d22e8a0","transport":"websocket","protocol":"json"'

describe("the body of a question", () => {
  it("about a client that connects has what the client said", () => {
    expect(written(facts)).toBe(`{${base},"encoding":"json"}`)
    const question = { ...facts, name: "js", version: "1.2", channels: ["a", "b"], data: bytes('{"x":1}') }
    expect(written(question)).toBe(
      `{${base},"encoding":"json","name":"js","version":"1.2","channels":["a","b"],"data":{"x":1}}`
    )
  })

  it("about a user says which, also where it is nobody in particular", () => {
    expect(written(user)).toBe(`{${base},"encoding":"json","user":"56"}`)
    expect(written({ ...user, user: "" })).toBe(`{${base},"encoding":"json","user":""}`)
  })

  it("has channel, token and method where there are any, and nothing empty", () => {
    expect(written({ ...user, channel: "chat:\u{1f600}", token: "t.o.k" })).toBe(
      `{${base},"encoding":"json","user":"56","channel":"chat:\u{1f600}","token":"t.o.k"}`
    )
    expect(written({ ...user, method: "price", data: bytes("5") })).toBe(
      `{${base},"encoding":"json","user":"56","method":"price","data":5}`
    )
    expect(written({ ...user, method: "", name: "", channels: [], data: bytes("") })).toBe(written(user))
  })

  it("has nothing of the headers", () => {
    const question = { ...user, headers: new Map([["cookie", "c"]]), emulatedHeaders: { a: "b" } }
    expect(written(question)).toBe(written(user))
  })

  it("has the connection's meta only where that is configured", () => {
    const question = { ...user, meta: bytes('{"big":9007199254740993}') }
    expect(written(question)).toBe(written(user))
    expect(written(question, { includeConnectionMeta: true })).toBe(
      `{${base},"encoding":"json","user":"56","meta":{"big":9007199254740993}}`
    )
  })

  it("carries JSON byte for byte", () => {
    fc.assert(
      fc.property(padded(valueText), fc.boolean(), (text, isLast) => {
        const data = bytes(text)
        const question = { ...user, data, ...(isLast ? {} : { meta: bytes("[1]") }) }
        const body = requestBody(proxy({ includeConnectionMeta: true }), question)
        expect(JSON.parse(body.toString())).toMatchObject({ encoding: "json", data: JSON.parse(text) })
        expect(body.includes(Buffer.from(`,"data":${text}${isLast ? "}" : ',"meta":[1]}'}`))).toBe(true)
      }),
      { numRuns: 1000 }
    )
  })

  it.each([
    ["no JSON", bytes("{a")],
    ["two values", bytes("1 2")],
    ["a string's end", bytes('"}')],
    ["no UTF-8", Uint8Array.of(34, 255, 34)]
  ])("carries %s as Base64", (_, data) => {
    const body = written({ ...user, protocol: "protobuf", encoding: "binary", data })
    expect(JSON.parse(body)).toEqual({
      client: facts.client,
      transport: "websocket",
      protocol: "protobuf",
      encoding: "binary",
      user: "56",
      b64data: Buffer.from(data).toString("base64")
    })
  })

  it("carries everything as Base64 where that is configured", () => {
    const question = { ...user, data: bytes('{"a":1}') }
    expect(JSON.parse(written(question, { binaryEncoding: true }))).toMatchObject({
      encoding: "binary",
      b64data: "eyJhIjoxfQ=="
    })
    expect(members(written(question, { binaryEncoding: true }))!.has("data")).toBe(false)
    expect(JSON.parse(written(user, { binaryEncoding: true })).encoding).toBe("binary")
  })

  it("carries JSON of clients that could send anything as JSON", () => {
    const question: Asked = { ...user, protocol: "protobuf", encoding: "binary", data: bytes("[1]") }
    expect(JSON.parse(written(question))).toMatchObject({ encoding: "json", data: [1] })
  })
})

describe("the headers of a question", () => {
  const headersWith = (settings: ProxySettings, question: Partial<Asked>) =>
    headersOf(proxy(settings))({ ...facts, ...question })

  it("are the type of the body, where nothing is configured", () => {
    const question = { headers: new Map([["cookie", "a=b"]]), emulatedHeaders: { Authorization: "x" } }
    expect(headersWith({}, question)).toEqual({ "content-type": "application/json" })
  })

  it("are those of the handshake that the configuration names, in any case", () => {
    const headers = new Map([
      ["cookie", "a=b; c=d"],
      ["x-request-id", "7"],
      ["origin", "https://a"]
    ])
    expect(headersWith({ httpHeaders: ["Cookie", "x-REQUEST-id", "user-agent"] }, { headers })).toEqual({
      "content-type": "application/json",
      cookie: "a=b; c=d",
      "x-request-id": "7"
    })
  })

  it("are those of the connect command that it names, as UTF-8", () => {
    const emulatedHeaders = { AUTHORIZATION: "Bearer \u00e9\u20ac", Cookie: "no" }
    const headers = headersWith({ emulatedHeaders: ["Authorization"] }, { emulatedHeaders })
    expect(Buffer.from(headers.authorization!, "latin1").toString("utf8")).toBe("Bearer \u00e9\u20ac")
    expect(Object.keys(headers).sort()).toEqual(["authorization", "content-type"])
  })

  it("take the handshake's before the command's, and both before fixed ones", () => {
    const settings = {
      httpHeaders: ["x-a"],
      emulatedHeaders: ["x-a", "x-b"],
      http: { staticHeaders: { "X-A": "fixed", "X-B": "fixed", "X-C": "fixed" } }
    }
    const emulatedHeaders = { "x-a": "command", "x-b": "command", "x-c": "command" }
    expect(headersWith(settings, { headers: new Map([["x-a", "handshake"]]), emulatedHeaders })).toEqual({
      "content-type": "application/json",
      "x-a": "handshake",
      "x-b": "command",
      "x-c": "fixed"
    })
  })

  it("are left out where they would break the request apart", () => {
    const emulatedHeaders = { "x-a": "1\r\nX-Evil: 1", "x-b": "a\0b", "x-c": "good" }
    expect(headersWith({ emulatedHeaders: ["x-a", "x-b", "x-c"] }, { emulatedHeaders })).toEqual({
      "content-type": "application/json",
      "x-c": "good"
    })
    const headers = new Map([["x-a", "a\nb"]])
    expect(headersWith({ httpHeaders: ["x-a"] }, { headers })).toEqual({ "content-type": "application/json" })
  })
})
