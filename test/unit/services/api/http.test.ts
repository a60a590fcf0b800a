/** What of a request is HTTP: the key, methods and paths, bodies that cannot be decoded, statuses of errors. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { requests } from "../../../../src/services/api/requests.ts"
import { ApiFixture, KEY } from "../../../support/api/ApiFixture.ts"
import { UNAVAILABLE } from "../../../support/api/fakes.ts"
import { mutated, parsed, valueText } from "../../protocol/jsonText.ts"

const headers = (entries: Readonly<Record<string, string>> = {}) => new Map(Object.entries(entries))
const METHODS = [...Object.keys(requests), "batch"]
const PATHS = ["/api", ...METHODS.map((method) => `/api/${method}`)]
const OK = { channel: "a", data: 1 }

describe("the key", () => {
  it.each([
    ["X-API-Key", { headers: headers({ "x-api-key": KEY }) }],
    ["Authorization", { headers: headers({ authorization: `apikey ${KEY}` }) }],
    ["Authorization, in capitals", { headers: headers({ authorization: `ApiKey ${KEY}` }) }],
    ["the query", { headers: headers(), query: `a=b&api_key=${encodeURIComponent(KEY)}` }],
    ["X-API-Key before the others", { headers: headers({ "x-api-key": KEY, authorization: "apikey x" }) }]
  ])("may come in %s", async (_, asked) => {
    expect((await new ApiFixture().ask("/api/publish", OK, asked)).status).toBe(200)
  })

  it.each([
    ["is missing", { headers: headers() }],
    ["is empty", { headers: headers({ "x-api-key": "" }) }],
    ["is wrong", { headers: headers({ "x-api-key": `${KEY}x` }) }],
    ["is wrong where it counts", { headers: headers({ "x-api-key": "x", authorization: `apikey ${KEY}` }) }],
    ["comes as another kind", { headers: headers({ authorization: `Bearer ${KEY}` }) }],
    ["is empty in the query", { headers: headers(), query: "api_key=" }],
    ["has another name", { headers: headers(), query: `apikey=${encodeURIComponent(KEY)}` }]
  ])("that %s is 401 without a body, everywhere and whatever is asked", async (_, asked) => {
    const api = new ApiFixture()
    for (const path of [...PATHS, "/api/none", "/api/"])
      for (const method of ["POST", "GET"])
        expect(await api.ask(path, "{", { ...asked, method })).toEqual({ status: 401, headers: [], body: "" })
    expect([api.broker.publications, api.control.commands]).toEqual([[], []])
  })

  it("is not asked for where that is configured, which is logged", async () => {
    const api = new ApiFixture({ httpApi: { insecure: true } })
    expect((await api.ask("/api/publish", OK, { headers: headers() })).status).toBe(200)
    expect(api.logs.texts("Warn")).toEqual([expect.stringContaining("httpApi.insecure")])
    expect(new ApiFixture().logs.texts("Warn")).toEqual([])
  })
})

describe("a path", () => {
  it.each(PATHS)("%s takes POST alone", async (path) => {
    const api = new ApiFixture()
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
      expect(await api.ask(path, "", { method })).toEqual({
        status: 405,
        headers: [["allow", "POST"]],
        body: ""
      })
  })

  it.each(["/api/none", "/api/", "/api/publish/", "/api/Publish", "/api/constructor", "/api//publish"])(
    "%s is 404 with error 104, whatever the method",
    async (path) => {
      for (const method of ["POST", "GET"])
        expect(await new ApiFixture().ask(path, {}, { method })).toMatchObject({
          status: 404,
          body: '{"error":{"code":104,"message":"method not found"}}'
        })
    }
  )
})

describe("a body that cannot be decoded", () => {
  const UNDECODABLE = {
    status: 400,
    headers: [["content-type", "text/plain; charset=utf-8"]],
    body: "Bad Request"
  }

  it.each([
    ["is empty", ""],
    ["is space", " \n"],
    ["is no JSON", '{"channel":"a"'],
    ["goes on behind its end", '{"channel":"a","data":1}}'],
    ["is not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["begins with a byte order mark", '\ufeff{"channel":"a","data":1}'],
    ["is an array", "[]"],
    ["is null", "null"],
    ["is a number", "1"],
    ["is a text", '"channel"']
  ])("because it %s is 400 for every method, and nothing is done", async (_, body) => {
    const api = new ApiFixture()
    for (const path of PATHS) expect([path, await api.ask(path, body)]).toEqual([path, UNDECODABLE])
    expect([api.broker.publications, api.control.commands]).toEqual([[], []])
  })

  it.each([
    ["publish", { ...OK, channel: 5 }],
    ["publish", { data: 1, delta: "yes" }],
    ["publish", { ...OK, version: "1" }],
    ["publish", { ...OK, version: -1, tags: [] }],
    ["publish", { ...OK, tags: { a: 1 } }],
    ["publish", { ...OK, tags: { a: null } }],
    ["publish", { ...OK, b64data: {} }],
    ["broadcast", { channels: "a", data: 1 }],
    ["broadcast", { channels: ["a", 1], data: 1 }],
    ["broadcast", { channels: ["a", null], data: 1 }],
    ["subscribe", { user: "42", channel: "a", override: true }],
    ["subscribe", { user: "42", channel: "a", override: { presence: true } }],
    ["subscribe", { user: "42", channel: "a", recover_since: "x" }],
    ["subscribe", { user: 42, channel: "a" }],
    ["unsubscribe", { user: "42", channel: ["a"] }],
    ["disconnect", { user: "42", disconnect: 3000 }],
    ["disconnect", { user: "42", disconnect: { code: "3000" } }],
    ["disconnect", { user: "42", whitelist: "a" }],
    ["refresh", { user: "42", expire_at: "soon" }],
    ["presence", { channel: {} }],
    ["presence_stats", { channel: 1 }],
    ["history", { channel: "kept:a", limit: "1" }],
    ["history", { channel: "kept:a", since: [] }],
    ["history_remove", { channel: false }],
    ["channels", { pattern: 1 }],
    ["rpc", { method: 1 }]
  ])("because a value of %s has a wrong type is 400: %j", async (method, body) => {
    const api = new ApiFixture()
    expect(await api.ask(`/api/${method}`, body)).toEqual(UNDECODABLE)
    expect([api.broker.publications, api.control.commands]).toEqual([[], []])
  })

  it("is 400 whatever is broken about it, and never anything worse", () => {
    const api = new ApiFixture()
    const body =
      '{"user":"42","channel":"a","data":{"b":[1,"c"]},"tags":{"d":"e"},"version":1,"channels":["a"]}'
    fc.assert(
      fc.property(mutated(fc.constant(body)), fc.constantFrom(...PATHS), (text, path) => {
        const { status, body } = api.ask(path, text) as { status: number; body: string }
        expect(status === 200 || status === 400).toBe(true)
        if (status === 200) expect(parsed(body)).toBeDefined()
        if (path !== "/api" && parsed(text) === undefined) expect([text, status]).toEqual([text, 400])
      }),
      { numRuns: 5000 }
    )
  })

  it("is an answer for any JSON value in any member", () => {
    const api = new ApiFixture()
    const members = [
      "channel",
      "data",
      "b64data",
      "tags",
      "version",
      "user",
      "limit",
      "since",
      "commands",
      "params"
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...METHODS),
        fc.dictionary(fc.constantFrom(...members), valueText),
        (method, given) => {
          const body = `{${Object.entries(given)
            .map(([name, text]) => `"${name}":${text}`)
            .join(",")}}`
          const answer = api.ask(`/api/${method}`, body) as { status: number; body: string }
          expect([200, 400]).toContain(answer.status)
          if (answer.status === 200) expect(parsed(answer.body)).toBeDefined()
        }
      ),
      { numRuns: 2000 }
    )
  })
})

describe("errors", () => {
  const CASES = [
    ["/api/publish", { channel: UNAVAILABLE, data: 1 }, 100, 500],
    ["/api/publish", { channel: "none:a", data: 1 }, 102, 404],
    ["/api/rpc", { method: "none" }, 104, 404],
    ["/api/publish", { channel: "" }, 107, 400],
    ["/api/presence", { channel: "a" }, 108, 400],
    ["/api/history", { channel: "kept:a", since: { offset: 1, epoch: "other" } }, 112, 416],
    ["/api/batch", { parallel: true }, 107, 400]
  ] as const
  const TRANSPORT = headers({ "x-api-key": KEY, "x-centrifugo-error-mode": "transport" })

  it.each(CASES)("of %s %j are 200 with their code", async (path, body, code) => {
    const answer = await new ApiFixture().ask(path, body)
    expect(answer.status).toBe(200)
    expect(JSON.parse(String(answer.body))).toEqual({ error: { code, message: expect.any(String) } })
  })

  it.each(CASES)(
    "of %s %j have a status, where that is asked for or configured",
    async (path, body, code, status) => {
      const configured = await new ApiFixture({ httpApi: { errorMode: "transport" } }).ask(path, body)
      const asked = await new ApiFixture().ask(path, body, { headers: TRANSPORT })
      expect(asked).toEqual(configured)
      expect(asked.status).toBe(status)
      expect(asked.headers).toEqual([["content-type", "application/json"]])
      expect(JSON.parse(String(asked.body))).toEqual({ code, message: expect.any(String) })
    }
  )

  it("of extensions have 409 for 113, and 500 where nothing else is said", async () => {
    const { fail } = await import("effect/Effect")
    const api = new ApiFixture(
      {},
      {
        busy: () => fail({ code: 113, message: "concurrent pagination" }),
        own: () => fail({ code: 1000, message: "own" })
      }
    )
    expect(await api.ask("/api/rpc", { method: "busy" }, { headers: TRANSPORT })).toMatchObject({
      status: 409
    })
    expect(await api.ask("/api/rpc", { method: "own" }, { headers: TRANSPORT })).toMatchObject({
      status: 500,
      body: '{"code":1000,"message":"own"}'
    })
  })

  it("of an unknown path are bare then, too", async () => {
    expect(await new ApiFixture().ask("/api/none", {}, { headers: TRANSPORT })).toMatchObject({
      status: 404,
      body: '{"code":104,"message":"method not found"}'
    })
  })

  it("inside of a batch, a broadcast and lines stay where they are", async () => {
    const api = new ApiFixture()
    const inside = [
      ["/api/batch", { commands: [{ publish: { channel: "" } }] }],
      ["/api/broadcast", { channels: [""], data: 1 }],
      ["/api", { method: "publish" }]
    ] as const
    for (const [path, body] of inside) {
      const answer = await api.ask(path, body, { headers: TRANSPORT })
      expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('"error":{"code":107')])
    }
  })

  it("are told as ever where another error mode is asked for", async () => {
    const other = headers({ "x-api-key": KEY, "x-centrifugo-error-mode": "other" })
    expect((await new ApiFixture().ask("/api/publish", {}, { headers: other })).status).toBe(200)
  })
})
