/** HTTP streams and SSE by hand: heads, lines, ends, and who may not. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { openStream, type StreamRequest } from "../../support/centrifuge/HttpStream.ts"
import { masked } from "../../support/centrifuge/Script.ts"

const CONNECT = '{"id":1,"connect":{}}'
const CONNECTED =
  '{"id":1,"connect":{"client":"ID","version":"VERSION","ping":25,"pong":true,"session":"ID","node":"ID"}}'
const UNCACHED = {
  "x-accel-buffering": "no",
  "cache-control": "private, no-cache, no-store, must-revalidate, max-age=0",
  pragma: "no-cache",
  expire: "0",
  connection: "keep-alive"
}
const TOO_BIG = "x".repeat(65_537)
const sse = (commands: string): string => `/connection/sse?cf_connect=${encodeURIComponent(commands)}`
const disconnect = (code: number, reason: string): string =>
  `{"push":{"disconnect":{"code":${code},"reason":"${reason}"}}}`

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("an HTTP stream has a line for each reply", async () => {
    const server = await serveCentrifuge(transport)
    const body = `${CONNECT}\n{"id":2,"subscribe":{"channel":"recovery:a"}}\n`
    const stream = await openStream(server.port, "/connection/http_stream", { body })
    expect(stream.status).toBe(200)
    expect(stream.headers).toMatchObject(UNCACHED)
    await stream.first(2)
    await server.publish("recovery:a", '{"line":\n1}')
    await server.publish("recovery:a", "2")
    await stream.first(4)
    expect(masked(stream.text)).toBe(
      [
        CONNECTED,
        '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}',
        '{"push":{"channel":"recovery:a","pub":{"data":{"line":1},"offset":1,"epoch":"EPOCH"}}}',
        '{"push":{"channel":"recovery:a","pub":{"data":2,"offset":2}}}',
        ""
      ].join("\n")
    )
  })

  it("SSE has an event for each reply", async () => {
    const server = await serveCentrifuge(transport)
    const commands = `${CONNECT}\n{"id":2,"subscribe":{"channel":"recovery:a"}}`
    for (const [path, request] of [
      [sse(commands), { method: "GET" }],
      ["/connection/sse", { body: commands }]
    ] as const) {
      const stream = await openStream(server.port, path, request)
      expect(stream.status).toBe(200)
      expect(stream.headers).toMatchObject({
        ...UNCACHED,
        "content-type": "text/event-stream; charset=utf-8"
      })
      await stream.first(2)
      expect(masked(stream.text)).toBe(
        `\r\ndata: ${CONNECTED}\n\ndata: {"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}\n\n`
      )
    }
  })

  it("an HTTP stream in Protobuf has messages behind their lengths", async () => {
    const server = await serveCentrifuge(transport)
    const stream = await openStream(server.port, "/connection/http_stream", {
      headers: { "content-type": "application/octet-stream" },
      body: Buffer.from([4, 8, 1, 0x22, 0])
    })
    await stream.reads.count(1)
    const { bytes } = stream
    // A length of two bytes, id 1, then the result of connecting.
    expect((bytes[0]! & 0x7f) + bytes[1]! * 128).toBe(bytes.length - 2)
    expect([...bytes.subarray(2, 5)]).toEqual([8, 1, 0x2a])
  })

  it("what is not the protocol ends a stream with a push, and then the answer", async () => {
    const server = await serveCentrifuge(transport)
    const bad = disconnect(3501, "bad request")
    for (const body of ["", "hello", '{"id":2,"rpc":{}}', "{}", '{"id":1,"connect":1}']) {
      const stream = await openStream(server.port, "/connection/http_stream", { body })
      expect(stream.status).toBe(200)
      expect(await stream.whole()).toBe(`${bad}\n`)
      const events = await openStream(server.port, sse(body), { method: "GET" })
      expect(await events.whole()).toBe(`\r\ndata: ${bad}\n\n`)
    }
    const binary = await openStream(server.port, "/connection/http_stream", {
      headers: { "content-type": "application/octet-stream" },
      body: CONNECT
    })
    expect((await binary.whole()).includes("bad request")).toBe(true)
  })

  it("every other end is told by a push, too", async () => {
    const server = await serveCentrifuge(transport, { "client.insecure": false })
    const refused = await openStream(server.port, "/connection/http_stream", {
      body: '{"id":1,"connect":{"token":"x"}}'
    })
    expect(await refused.whole()).toBe(`${disconnect(3500, "invalid token")}\n`)
    const open = await serveCentrifuge(transport)
    const streams = await Promise.all([
      openStream(open.port, "/connection/http_stream", { body: CONNECT }),
      openStream(open.port, sse(CONNECT), { method: "GET" })
    ])
    await Promise.all(streams.map((stream) => stream.first(1)))
    await open.served.stop()
    for (const stream of streams) {
      await stream.ended
      expect(stream.lines.at(-1)).toBe(disconnect(3001, "shutdown"))
    }
  })

  it.each([
    [405, "/connection/http_stream", { method: "GET" }],
    [405, "/connection/http_stream", { method: "PUT", body: CONNECT }],
    [400, "/connection/sse", { method: "GET" }],
    [405, "/connection/sse", { method: "DELETE" }],
    [400, "/connection/uni_sse?cf_connect=x", { method: "GET" }],
    [405, "/connection/uni_http_stream", { method: "GET" }],
    [400, "/connection/uni_http_stream", { body: "[]" }],
    [413, "/connection/http_stream", { body: TOO_BIG }],
    [413, "/connection/sse", { body: TOO_BIG }],
    [413, "/connection/uni_sse", { body: TOO_BIG }],
    [413, "/connection/uni_http_stream", { body: TOO_BIG }],
    [413, "/emulation", { body: TOO_BIG }]
  ] as ReadonlyArray<[number, string, StreamRequest]>)("%i for %s", async (status, path, request) => {
    const server = await serveCentrifuge(transport)
    const answer = await openStream(server.port, path, request)
    expect(answer.status).toBe(status)
    await answer.ended
  })

  it("is nothing but a path for raw WebSockets where it is off", async () => {
    const off = Object.fromEntries(
      ["sse", "httpStream", "uniSse", "uniHttpStream"].map((name) => [`${name}.enabled`, false])
    )
    const server = await serveCentrifuge(transport, off)
    for (const path of ["http_stream", "sse", "uni_sse", "uni_http_stream"])
      expect((await openStream(server.port, `/connection/${path}`, { body: CONNECT })).status).toBe(426)
    expect((await openStream(server.port, "/emulation", { body: "{}" })).status).toBe(426)
  })
})

describe("pages of other origins", () => {
  const paths = [
    "/connection/http_stream",
    sse(CONNECT),
    "/connection/uni_sse",
    "/connection/uni_http_stream",
    "/emulation",
    "/events?channels=recovery:a"
  ]
  const origin = "https://app.example.com"

  it.each(["uws", "ws"] as const)("may ask first, on %s", async (transport) => {
    const server = await serveCentrifuge(transport, { "client.allowedOrigins": ["https://*.Example.com"] })
    for (const path of paths) {
      const headers = { origin, "access-control-request-headers": "content-type, x-a" }
      const asked = await openStream(server.port, path, { method: "OPTIONS", headers })
      expect(asked.status).toBe(204)
      expect(asked.headers).toMatchObject({
        "access-control-max-age": "300",
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-headers": "content-type, x-a"
      })
      const methods = asked.headers["access-control-allow-methods"]!.split(", ")
      expect(methods).toContain("OPTIONS")
      expect(methods).toContain(path.startsWith("/events") ? "GET" : "POST")
      expect(await asked.whole()).toBe("")
      const isGet = path.includes("sse") || path.startsWith("/events")
      const used = await openStream(server.port, path, {
        method: isGet ? "GET" : "POST",
        headers: { origin },
        ...(isGet ? {} : { body: path === "/emulation" ? "{}" : path.includes("uni") ? "{}" : CONNECT })
      })
      expect(used.status).toBe(path === "/emulation" ? 404 : 200)
      expect(used.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true"
      })
    }
  })

  it.each(["uws", "ws"] as const)("are refused where they are not allowed, on %s", async (transport) => {
    for (const allowedOrigins of [[], ["https://other.example"]]) {
      const server = await serveCentrifuge(transport, { "client.allowedOrigins": allowedOrigins })
      for (const path of paths) {
        for (const method of ["POST", "GET", "OPTIONS"]) {
          const refused = await openStream(server.port, path, { method, headers: { origin } })
          expect(refused.status).toBe(403)
          expect(refused.headers["access-control-allow-origin"]).toBeUndefined()
        }
      }
      // No browser, no origin.
      expect((await openStream(server.port, paths[1]!, { method: "GET" })).status).toBe(200)
    }
  })
})
