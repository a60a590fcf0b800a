import { expect, it } from "vitest"
import type { PlainRequest } from "../../../src/services/Transport.ts"
import { fromWebHandler } from "../../../src/services/webHandler.ts"

const request = (changed: Partial<PlainRequest> = {}): PlainRequest => ({
  method: "GET",
  path: "/api/thing",
  query: "a=%20b",
  headers: new Map(),
  body: Buffer.alloc(0),
  address: "192.0.2.7",
  ...changed
})

it("the web handler sees method, path, query, headers and body", async () => {
  let seen: Request | undefined
  const handler = fromWebHandler(async (web) => {
    seen = web
    return new Response(await web.arrayBuffer())
  })
  const headers = new Map([["x-api-key", "k"]])
  const answer = await handler(request({ method: "POST", headers, body: Buffer.of(0, 255, 128) }))
  expect([seen?.method, seen?.url]).toEqual(["POST", "http://localhost/api/thing?a=%20b"])
  expect(seen?.headers.get("x-api-key")).toBe("k")
  expect(answer.body).toEqual(Uint8Array.of(0, 255, 128))
})

it("status, headers, also those that come twice, and body go back, without what the transport writes itself", async () => {
  const headers = new Headers([
    ["content-type", "text/x"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
    ["content-length", "7"],
    ["connection", "close"]
  ])
  const answer = await fromWebHandler(async () => new Response("body", { status: 404, headers }))(request())
  expect(answer).toEqual({
    status: 404,
    headers: [
      ["content-type", "text/x"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"]
    ],
    body: new Uint8Array(Buffer.from("body"))
  })
})

it("a HEAD is asked as a GET", async () => {
  const answer = await fromWebHandler(async ({ method }) => new Response(method))(request({ method: "HEAD" }))
  expect(`${Buffer.from(answer.body as Uint8Array)}`).toBe("GET")
})

it("headers that the web does not know are left out", async () => {
  const headers = new Map([
    ["x-odd", "\u20ac"],
    ["x\u0000", "y"],
    ["x-even", "2"]
  ])
  const handler = fromWebHandler(async (web) => new Response(JSON.stringify([...web.headers])))
  const { body } = await handler(request({ headers }))
  expect(JSON.parse(`${Buffer.from(body as Uint8Array)}`)).toEqual([["x-even", "2"]])
})

it.each([
  ["a path without a slash", { path: "http://x/" }],
  ["an asterisk", { method: "OPTIONS", path: "*" }],
  ["a method that the web forbids", { method: "TRACE" }]
])("%s is answered with 400", async (_, wrong) => {
  const answer = await fromWebHandler(async () => new Response("x"))(request(wrong))
  expect(answer.status).toBe(400)
})

it("a handler that breaks is answered with 500", async () => {
  const answer = await fromWebHandler(() => Promise.reject(new Error("a bug")))(request())
  expect([answer.status, answer.body]).toEqual([500, "internal server error\n"])
})
