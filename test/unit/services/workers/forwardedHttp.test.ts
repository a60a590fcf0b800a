import { afterEach, describe, expect, it, vi } from "vitest"
import type { HttpHandler } from "../../../../src/services/Transport.ts"
import { answerForwarded, Forwarder } from "../../../../src/services/workers/forwardedHttp.ts"
import type { ForwardedRequest } from "../../../../src/services/workers/messages.ts"

/** Requests that may wait for the primary: the bound that Forwarder names. */
const BOUND = 1000

const URL = "http://localhost:8088/api/thing?a=%20b"

const get = (url = URL) => new Request(url)

/** A worker and a primary with this handler, with a message channel that keeps all requests. */
const pair = (http: HttpHandler) => {
  const asked: Array<ForwardedRequest> = []
  const forwarder: Forwarder = new Forwarder((request) => {
    asked.push(request)
    void answerForwarded(request, http).then((response) => forwarder.answered(response))
  })
  return { asked, handle: forwarder.handle }
}

/** Nobody answers. */
const deaf = () => {
  const asked: Array<ForwardedRequest> = []
  const forwarder = new Forwarder((request) => asked.push(request))
  return { asked, forwarder }
}

const body = (text: string) => new Uint8Array(Buffer.from(text))

afterEach(() => void vi.useRealTimers())

describe("a request that lands in a worker", () => {
  it("reaches the primary's handler as it came: method, URL, headers, body", async () => {
    let seen: Request | undefined
    const { handle } = pair(async (request) => {
      seen = request
      return new Response(await request.arrayBuffer())
    })
    const bytes = Uint8Array.of(0, 255, 1, 128)
    const headers = { "x-api-key": "k", "content-type": "application/x-thing" }
    const reply = await handle(new Request(URL, { method: "POST", headers, body: bytes }))
    expect([seen?.method, seen?.url]).toEqual(["POST", URL])
    expect(Object.fromEntries(seen!.headers)).toMatchObject(headers)
    expect(new Uint8Array(await reply.arrayBuffer())).toEqual(bytes)
  })

  it("is answered as the primary answers: status, headers, also those that come twice, and body", async () => {
    const { handle } = pair(async () => {
      const headers = new Headers([
        ["content-type", "text/plain"],
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"]
      ])
      return new Response("ä\n", { status: 404, headers })
    })
    const reply = await handle(get())
    expect([reply.status, await reply.text()]).toEqual([404, "ä\n"])
    expect(reply.headers.getSetCookie()).toEqual(["a=1", "b=2"])
    expect(reply.headers.get("content-type")).toBe("text/plain")
  })

  it.each([204, 304])("may be answered with %i, which has no body", async (status) => {
    const { handle } = pair(async () => new Response(null, { status, headers: { etag: "x" } }))
    const reply = await handle(get())
    expect([reply.status, reply.headers.get("etag"), await reply.text()]).toEqual([status, "x", ""])
  })

  it.each(["GET", "HEAD"])("with %s carries no body", async (method) => {
    const { handle, asked } = pair(async () => new Response("x"))
    expect((await handle(new Request(URL, { method }))).status).toBe(200)
    expect(asked.map(({ body }) => body.length)).toEqual([0])
  })

  it("gets its own answer, whatever the order of the answers", async () => {
    const { asked, forwarder } = deaf()
    const replies = ["/a", "/b", "/c"].map((path) => forwarder.handle(get(`http://x${path}`)))
    for (const { id, url } of [...asked].reverse())
      forwarder.answered({ id, status: 200, headers: [], body: body(url) })
    const texts = await Promise.all(replies.map(async (reply) => (await reply).text()))
    expect(texts).toEqual(["http://x/a", "http://x/b", "http://x/c"])
  })
})

describe("a primary that does not answer", () => {
  it("is a 504 after 30 seconds, and an answer that comes later does no harm", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { asked, forwarder } = deaf()
    let reply: Response | undefined
    const waiting = forwarder.handle(get()).then((response) => {
      reply = response
    })
    await vi.advanceTimersByTimeAsync(29_999)
    expect(reply).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect([reply?.status, reply?.headers.get("retry-after")]).toEqual([504, "1"])
    forwarder.answered({ id: asked[0]!.id, status: 200, headers: [], body: body("late") })
  })

  it("is asked for so many at a time; more are a 503 at once, and a place that is free is given again", async () => {
    const { asked, forwarder } = deaf()
    const waiting = Array.from({ length: BOUND }, () => forwarder.handle(get()))
    const over = await forwarder.handle(get())
    expect([over.status, over.headers.get("retry-after"), asked.length]).toEqual([503, "1", BOUND])
    forwarder.answered({ id: asked[0]!.id, status: 200, headers: [], body: body("x") })
    expect((await waiting[0]!).status).toBe(200)
    const again = forwarder.handle(get())
    for (const { id } of asked) forwarder.answered({ id, status: 200, headers: [], body: body("x") })
    expect((await again).status).toBe(200)
    await Promise.all(waiting)
  })
})

describe("the primary", () => {
  const request = { id: 5, url: URL, method: "GET", headers: [], body: body("") }

  it("answers 500 where its handler breaks", async () => {
    const answer = await answerForwarded(request, () => Promise.reject(new Error("a bug")))
    expect([answer.id, answer.status, `${Buffer.from(answer.body)}`]).toEqual([
      5,
      500,
      "internal server error\n"
    ])
  })

  it.each([
    ["an impossible URL", { url: "http://" }],
    ["a method that the web forbids", { method: "TRACE" }]
  ])("answers 400 to %s", async (_, wrong) => {
    const answer = await answerForwarded({ ...request, ...wrong }, async () => new Response("x"))
    expect([answer.id, answer.status]).toEqual([5, 400])
  })
})
