import { afterEach, describe, expect, it, vi } from "vitest"
import type { PlainAnswer, PlainHandler, PlainRequest } from "../../../../src/services/Transport.ts"
import { answerForwarded, Forwarder } from "../../../../src/services/workers/forwardedHttp.ts"
import type { ForwardedRequest } from "../../../../src/services/workers/messages.ts"

/** Requests that may wait for the primary: the bound that Forwarder names. */
const BOUND = 1000

const request = (changed: Partial<PlainRequest> = {}): PlainRequest => ({
  method: "GET",
  path: "/api/thing",
  query: "a=%20b",
  headers: new Map(),
  body: Buffer.alloc(0),
  address: "192.0.2.7",
  ...changed
})

const answer = (body: PlainAnswer["body"]): PlainAnswer => ({ status: 200, headers: [], body })

/** A worker and a primary with this handler, with a message channel that keeps all requests. */
const pair = (http: PlainHandler) => {
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
  it("reaches the primary's handler as it came: method, path, query, headers, body, address", async () => {
    let seen: PlainRequest | undefined
    const { handle } = pair((request) => {
      seen = request
      return answer(request.body)
    })
    const sent = request({
      method: "POST",
      headers: new Map([
        ["x-api-key", "k"],
        ["content-type", "application/x-thing"]
      ]),
      body: Buffer.of(0, 255, 1, 128)
    })
    const reply = await handle(sent)
    expect(seen).toEqual(sent)
    expect(Buffer.isBuffer(seen?.body)).toBe(true)
    expect(Buffer.from(reply.body as Uint8Array)).toEqual(sent.body)
  })

  it("is answered as the primary answers: status, headers, also those that come twice, and body", async () => {
    const headers = [
      ["content-type", "text/plain"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"]
    ] as const
    const { handle } = pair(async () => ({ status: 404, headers, body: "\u00e4\n" }))
    const reply = await handle(request())
    expect([reply.status, reply.headers, `${Buffer.from(reply.body as Uint8Array)}`]).toEqual([
      404,
      headers,
      "\u00e4\n"
    ])
  })

  it("gets its own answer, whatever the order of the answers", async () => {
    const { asked, forwarder } = deaf()
    const replies = ["/a", "/b", "/c"].map((path) => forwarder.handle(request({ path })))
    for (const { id, path } of [...asked].reverse())
      forwarder.answered({ id, status: 200, headers: [], body: body(path) })
    const texts = await Promise.all(replies.map(async (reply) => `${(await reply).body}`))
    expect(texts).toEqual(["/a", "/b", "/c"].map((path) => `${body(path)}`))
  })
})

describe("a primary that does not answer", () => {
  it("is a 504 after 30 seconds, and an answer that comes later does no harm", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { asked, forwarder } = deaf()
    let reply: PlainAnswer | undefined
    const waiting = Promise.resolve(forwarder.handle(request())).then((answer) => {
      reply = answer
    })
    await vi.advanceTimersByTimeAsync(29_999)
    expect(reply).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(reply).toMatchObject({
      status: 504,
      headers: expect.arrayContaining([["retry-after", "1"]])
    })
    forwarder.answered({ id: asked[0]!.id, status: 200, headers: [], body: body("late") })
  })

  it("is asked for so many at a time; more are a 503 at once, and a place that is free is given again", async () => {
    const { asked, forwarder } = deaf()
    const waiting = Array.from({ length: BOUND }, () => forwarder.handle(request()))
    const over = await forwarder.handle(request())
    expect([over.status, asked.length]).toEqual([503, BOUND])
    expect(over.headers).toContainEqual(["retry-after", "1"])
    forwarder.answered({ id: asked[0]!.id, status: 200, headers: [], body: body("x") })
    expect((await waiting[0]!).status).toBe(200)
    const again = forwarder.handle(request())
    for (const { id } of asked) forwarder.answered({ id, status: 200, headers: [], body: body("x") })
    expect((await again).status).toBe(200)
    await Promise.all(waiting)
  })
})

describe("the primary", () => {
  const forwarded: ForwardedRequest = {
    id: 5,
    method: "GET",
    path: "/",
    query: "",
    headers: [],
    body: body(""),
    address: "192.0.2.7"
  }

  it.each([
    ["rejects", () => Promise.reject(new Error("a bug"))],
    [
      "throws",
      () => {
        throw new Error("a bug")
      }
    ]
  ])("answers 500 where its handler %s", async (_, handler: PlainHandler) => {
    const { id, status, body } = await answerForwarded(forwarded, handler)
    expect([id, status, `${Buffer.from(body)}`]).toEqual([5, 500, "internal server error\n"])
  })
})
