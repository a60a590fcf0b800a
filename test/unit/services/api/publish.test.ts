import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_CHANNELS } from "../../../../src/services/api/requests.ts"
import type { Published } from "../../../../src/services/broker/Broker.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"
import { DEFECTIVE, UNAVAILABLE } from "../../../support/api/fakes.ts"
import { padded, valueText } from "../../protocol/jsonText.ts"

const PUBLISH = "/api/publish"
const BROADCAST = "/api/broadcast"

describe("publish", () => {
  it("gives the broker channel and data, and answers with the position", async () => {
    const api = new ApiFixture()
    expect(await api.json(PUBLISH, { channel: "kept:a", data: { b: 1 } })).toEqual({
      result: { offset: 1, epoch: "epoch" }
    })
    expect(api.broker.texts).toEqual([["kept:a", '{"b":1}']])
  })

  it("answers at once where the broker does, without a promise", () => {
    const answer = new ApiFixture().ask(PUBLISH, { channel: "a", data: 1 })
    expect(answer).toEqual({
      status: 200,
      headers: [["content-type", "application/json"]],
      body: '{"result":{}}'
    })
  })

  it("waits for a broker that takes its time", async () => {
    const api = new ApiFixture()
    const published = Deferred.makeUnsafe<Published>()
    api.broker.published = () => Deferred.await(published)
    const answer = api.ask(PUBLISH, { channel: "a", data: 1 })
    expect(answer).toBeInstanceOf(Promise)
    Deferred.doneUnsafe(published, Effect.succeed({ offset: 7, epoch: "e", isSuppressed: false }))
    expect(await answer).toMatchObject({ body: '{"result":{"offset":7,"epoch":"e"}}' })
  })

  it("tells no position of a channel without history, nor of a publication that is not kept", async () => {
    const api = new ApiFixture()
    expect(await api.json(PUBLISH, { channel: "a", data: 1 })).toEqual({ result: {} })
    expect(await api.json(PUBLISH, { channel: "kept:a", data: 1, skip_history: true })).toEqual({
      result: {}
    })
    expect(api.broker.publications.map(({ options }) => options.stream)).toEqual([undefined, undefined])
  })

  it("passes on what the channel keeps, and everything else that was said of it", async () => {
    const api = new ApiFixture()
    await api.json(PUBLISH, {
      channel: "kept:a",
      data: 1,
      tags: { a: "b" },
      idempotency_key: "once",
      delta: true,
      version: 9007199254740991,
      version_epoch: "v"
    })
    await api.json(PUBLISH, { channel: "a", data: 1, idempotency_key: "", delta: false, version: 0 })
    await api.json(PUBLISH, { channel: "deltas:a", data: 1 })
    const [all, little, deltas] = api.broker.publications.map(({ options }) => options)
    expect(all).toEqual({
      stream: { size: 10, ttlMs: 60_000, metaTtlMs: 3_600_000, isDurable: false },
      tags: { a: "b" },
      isDelta: true,
      idempotencyKey: "once",
      version: 9007199254740991,
      versionEpoch: "v"
    })
    expect(little).toMatchObject({ stream: undefined, idempotencyKey: undefined, isDelta: false, version: 0 })
    expect(deltas).toMatchObject({ isDelta: true })
  })

  it.each([
    ["no channel", { data: 1 }, 107],
    ["an empty channel", { channel: "", data: 1 }, 107],
    ["a channel that is too long", { channel: "x".repeat(256), data: 1 }, 107],
    ["a namespace that there is not", { channel: "none:a", data: 1 }, 102],
    ["no data", { channel: "a" }, 107],
    ["empty base64", { channel: "a", b64data: "" }, 107],
    ["broken base64", { channel: "a", b64data: "a" }, 107],
    ["base64 without its padding", { channel: "a", b64data: "YQ" }, 107],
    ["base64 for URLs", { channel: "a", b64data: "_-8=" }, 107],
    ["broken base64 beside data", { channel: "a", data: 1, b64data: "*" }, 107],
    ["a version below 0", { channel: "a", data: 1, version: -1 }, 107],
    ["a version with a fraction", { channel: "a", data: 1, version: 1.5 }, 107],
    ["a version beyond 2^53", { channel: "a", data: 1, version: 9007199254740992 }, 107],
    ["no JSON where there has to be", { channel: "json:a", b64data: btoa("{") }, 107],
    ["no object where there has to be", { channel: "objects:a", data: [1] }, 107],
    ["a broker that does not answer", { channel: UNAVAILABLE, data: 1 }, 100]
  ])("refuses %s", async (_, request, code) => {
    const api = new ApiFixture()
    expect(await api.code(PUBLISH, request)).toBe(code)
    expect(api.broker.publications).toEqual([])
  })

  it.each([
    ["null", { channel: "a", data: null }, "null"],
    ["an empty object", { channel: "a", data: {} }, "{}"],
    ["base64", { channel: "a", b64data: "AAEC/w==" }, "\u0000\u0001\u0002\u00ff"],
    ["base64 before data", { channel: "a", data: 1, b64data: btoa("2") }, "2"],
    ["data beside empty base64", { channel: "a", data: 1, b64data: "" }, "1"],
    ["JSON in base64", { channel: "json:a", b64data: btoa("[1]") }, "[1]"],
    ["an object", { channel: "objects:a", data: {} }, "{}"],
    ["nothing, where that is allowed", { channel: "bytes:a" }, ""],
    ["what it does not know", { channel: "a", data: 1, key: "k", other: [1] }, "1"],
    ["nulls as absent", '{"channel":"a","data":1,"tags":null,"version":null,"delta":null}', "1"],
    ["the last of members that come twice", '{"channel":"b","data":1,"channel":"a","data":2}', "2"]
  ])("takes %s", async (_, request, data) => {
    const api = new ApiFixture()
    expect(await api.code(PUBLISH, request)).toBeUndefined()
    expect(api.broker.publications).toMatchObject([{ data }])
  })

  it("takes tags of any name", async () => {
    const api = new ApiFixture()
    await api.json(PUBLISH, '{"channel":"a","data":1,"tags":{"__proto__":"x","constructor":"y","":""}}')
    expect(Object.entries(api.broker.publications[0]?.options.tags ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
      ["", ""]
    ])
  })

  it("is logged, and error 100, when there is a bug", async () => {
    const api = new ApiFixture()
    expect(await api.code(PUBLISH, { channel: DEFECTIVE, data: 1 })).toBe(100)
    expect(api.logs.texts("Error")).toEqual([expect.stringMatching(/publish failed.*a bug/s)])
  })

  it("passes data on byte for byte, but for raw newlines", async () => {
    const api = new ApiFixture()
    const odd = '{"n":123456789012345678901234567890, "10":1,"2":2,\t"a":1.0,"a":"\\u00e9\\/é😀"}'
    await api.ask(PUBLISH, `{"channel":"a","data": ${odd} }`)
    await api.ask(PUBLISH, '{"channel":"a","data":[1,\r\n 2]}')
    expect(api.broker.texts.map(([, data]) => data)).toEqual([odd, "[1, 2]"])
  })

  it("passes any JSON value on byte for byte, but for raw newlines, wherever it stands", () => {
    const api = new ApiFixture()
    fc.assert(
      fc.property(padded(valueText), fc.boolean(), (data, isFirst) => {
        api.broker.publications.length = 0
        const body = isFirst ? `{"data":${data},"channel":"a"}` : `{"channel":"a","data":${data}}`
        api.ask(PUBLISH, body)
        expect(api.broker.texts).toEqual([["a", data.trim().replaceAll(/[\r\n]/g, "")]])
      }),
      { numRuns: 500 }
    )
  })
})

describe("broadcast", () => {
  it("answers for each channel in order, with the error of each that has one", async () => {
    const api = new ApiFixture()
    const channels = ["kept:a", "none:x", "a", "", UNAVAILABLE, "objects:a", "kept:b"]
    expect(await api.json(BROADCAST, { channels, data: 1 })).toEqual({
      result: {
        responses: [
          { result: { offset: 1, epoch: "epoch" } },
          { error: { code: 102, message: "unknown channel" } },
          { result: {} },
          { error: { code: 107, message: "bad request" } },
          { error: { code: 100, message: "internal server error: a test" } },
          { error: { code: 107, message: "bad request" } },
          { result: { offset: 3, epoch: "epoch" } }
        ]
      }
    })
    expect(api.broker.texts).toEqual([
      ["kept:a", "1"],
      ["a", "1"],
      ["kept:b", "1"]
    ])
  })

  it("says the same of every publication", async () => {
    const api = new ApiFixture()
    await api.json(BROADCAST, {
      channels: ["a", "b"],
      b64data: "AA==",
      tags: { x: "y" },
      idempotency_key: "k"
    })
    expect(api.broker.publications).toMatchObject(
      ["a", "b"].map((channel) => ({
        channel,
        data: "\u0000",
        options: { tags: { x: "y" }, idempotencyKey: "k" }
      }))
    )
  })

  it("asks the broker for all channels before the first is done", async () => {
    const api = new ApiFixture()
    const published = Deferred.makeUnsafe<Published>()
    api.broker.published = () => Deferred.await(published)
    const answer = api.ask(BROADCAST, { channels: ["a", "b", "c"], data: 1 })
    expect(api.broker.texts.map(([channel]) => channel)).toEqual(["a", "b", "c"])
    Deferred.doneUnsafe(published, Effect.succeed({ offset: 0, epoch: "", isSuppressed: false }))
    expect(await answer).toMatchObject({
      body: '{"result":{"responses":[{"result":{}},{"result":{}},{"result":{}}]}}'
    })
  })

  it.each([
    ["no channels", { data: 1 }],
    ["an empty list", { channels: [], data: 1 }],
    ["more channels than may be", { channels: Array.from({ length: MAX_CHANNELS + 1 }, () => "a"), data: 1 }]
  ])("refuses %s", async (_, request) => {
    const api = new ApiFixture()
    expect(await api.code(BROADCAST, request)).toBe(107)
    expect(api.broker.publications).toEqual([])
  })

  it("takes as many channels as may be", async () => {
    const api = new ApiFixture()
    const channels = Array.from({ length: MAX_CHANNELS }, (_, i) => `a${i}`)
    expect(await api.code(BROADCAST, { channels, data: 1 })).toBeUndefined()
    expect(api.broker.texts.map(([channel]) => channel)).toEqual(channels)
  })

  it("without data is an error for each channel that wants some", async () => {
    const api = new ApiFixture()
    expect(await api.json(BROADCAST, { channels: ["a", "bytes:a"] })).toEqual({
      result: { responses: [{ error: { code: 107, message: "bad request" } }, { result: {} }] }
    })
  })
})
