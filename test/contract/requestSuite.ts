/** The transport contract: whole requests reach the handler as they came, and whole answers go back as they were given. */
import { expect, it } from "vitest"
import type { HttpAnswer, PlainAnswer, PlainRequest } from "../../src/services/Transport.ts"
import { Heard } from "../support/server/Heard.ts"
import { openRaw, type RawClient, requestOf } from "../support/server/RawClient.ts"
import { openStream } from "../support/server/StreamClient.ts"
import type { Contract } from "./Contract.ts"

const answer = (body: PlainAnswer["body"], changed: Partial<PlainAnswer> = {}): PlainAnswer => ({
  status: 200,
  headers: [],
  body,
  ...changed
})

/** Echoes what it was asked, at once or later. */
const echo = ({ method, path, body }: PlainRequest) => answer(`${method} ${path} ${body};`)

/** All that a raw client has read, once the body of the last answer is there. */
const textUntil = (raw: RawClient, end: string) =>
  raw.reads.until((all) => all.at(-1)?.includes(end) === true).then((all) => String(all.at(-1)))

const bodyOf = (text: string) => text.slice(text.indexOf("\r\n\r\n") + 4)

export const requestSuite = ({ listen, transport }: Contract) => {
  it("a handler sees method, path, query, headers, body and address as they came", async () => {
    const seen = new Heard<PlainRequest>()
    const listening = await listen({
      http: (request) => {
        // The address is to be had until the answer is given.
        seen.add({ ...request, address: request.address })
        return answer("")
      }
    })
    const raw = await openRaw(listening)
    const body = Buffer.of(0, 255, 10, 13, 128)
    const head = [
      "PATCH /a%20b/%E2%82%AC//c?x=1&y=%zz?z HTTP/1.1",
      "Host: x",
      "X-Many: a",
      "Cookie: c=1",
      "X-Many: b",
      "cookie: d=2",
      `Content-Length: ${body.length}`
    ]
    raw.send(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]))
    await raw.head()
    const [request] = await seen.count(1)
    expect(request).toMatchObject({
      method: "PATCH",
      path: "/a%20b/%E2%82%AC//c",
      query: "x=1&y=%zz?z",
      body,
      address: "127.0.0.1"
    })
    expect(Object.fromEntries(request!.headers)).toMatchObject({
      host: "x",
      "x-many": "a, b",
      cookie: "c=1; d=2"
    })
  })

  it.each(["at once", "later"])(
    "what is answered %s arrives: status, headers, bytes or text",
    async (when) => {
      const answers: Record<string, PlainAnswer> = {
        "/text": answer("\u017c\u00f3\u0142w", { headers: [["content-type", "text/x"]] }),
        "/bytes": answer(Uint8Array.of(0, 255, 128), { status: 418 }),
        "/twice": answer("", {
          headers: [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"]
          ]
        }),
        "/long": answer("x".repeat(300_000))
      }
      const listening = await listen({
        http: ({ path }) => (when === "at once" ? answers[path]! : Promise.resolve(answers[path]!))
      })
      const text = await fetchOf(listening.http("/text"))
      expect([text.status, text.headers["content-type"], text.text]).toEqual([
        200,
        "text/x",
        "\u017c\u00f3\u0142w"
      ])
      const bytes = await fetchOf(listening.http("/bytes"))
      expect([bytes.status, bytes.bytes]).toEqual([418, Buffer.of(0, 255, 128)])
      const twice = await fetchOf(listening.http("/twice"))
      expect([twice.headers["set-cookie"], twice.headers["content-length"]]).toEqual([["a=1", "b=2"], "0"])
      expect((await fetchOf(listening.http("/long"))).bytes.length).toBe(300_000)
    }
  )

  it("an answer of 8 MB reaches a client that reads slowly, whole, and the socket serves on", async () => {
    const size = 8_000_000
    const body = Buffer.alloc(size)
    for (let at = 0; at < size; at += 4) body.writeUInt32LE(at, at)
    const listening = await listen({ http: ({ path }) => answer(path === "/large" ? body : "small") })
    const raw = await openRaw(listening)
    const parts: Array<Buffer> = []
    const whole = new Heard<number>()
    let got = 0
    raw.socket.removeAllListeners("data")
    raw.socket.on("data", (part) => {
      parts.push(part)
      got += part.length
      whole.add(got)
      if (parts.length % 10 === 0) {
        raw.socket.pause()
        setImmediate(() => raw.socket.resume())
      }
    })
    raw.socket.pause()
    raw.send(requestOf({ Host: "x" }, { path: "/large" }))
    await (await openStream(listening.http("/"))).ended
    raw.socket.resume()
    await whole.first((bytes) => bytes > size)
    raw.send(requestOf({ Host: "x" }, { path: "/small" }))
    await whole.until(() => parts.at(-1)?.toString("latin1").endsWith("small") === true)
    const all = Buffer.concat(parts)
    const start = all.indexOf("\r\n\r\n") + 4
    expect(String(all.subarray(0, start)).toLowerCase()).toContain(`content-length: ${size}`)
    expect(all.subarray(start, start + size).equals(body)).toBe(true)
  })

  it("a client that goes away in the middle of a large answer disturbs nobody", async () => {
    const listening = await listen({
      http: ({ path }) => answer(path === "/large" ? Buffer.alloc(8_000_000) : "fine")
    })
    for (let i = 0; i < 5; i++) {
      const raw = (await openRaw(listening)).send(requestOf({ Host: "x" }, { path: "/large" }))
      await raw.reads.count(1)
      raw.socket.destroy()
    }
    expect((await fetchOf(listening.http("/"))).text).toBe("fine")
  })

  it("a HEAD is answered with the length of the body, and without it", async () => {
    const listening = await listen({ http: () => answer("\u00e4b") })
    const raw = (await openRaw(listening)).send(requestOf({ Host: "x" }, { method: "HEAD" }))
    expect((await raw.head()).headers.get("content-length")).toBe("3")
    raw.send(requestOf({ Host: "x", Connection: "close" }, { method: "HEAD" }))
    const all = await textUntilEnd(raw)
    expect(all.split("HTTP/1.1 200").length - 1).toBe(2)
    expect(all).not.toContain("\u00e4b")
  })

  it.each([204, 304])("%i has neither body nor length", async (status) => {
    const listening = await listen({ http: () => answer("", { status, headers: [["x-y", "z"]] }) })
    const raw = (await openRaw(listening)).send(
      requestOf({ Host: "x", "Content-Length": "0" }, { method: "POST" })
    )
    const { headers } = await raw.head()
    expect([headers.get("x-y"), headers.has("content-length"), headers.has("transfer-encoding")]).toEqual([
      "z",
      false,
      false
    ])
    // It ends with its head, and the socket serves on.
    raw.send(requestOf({ Host: "x", Connection: "close" }))
    const all = await textUntilEnd(raw)
    expect(all.split(`HTTP/1.1 ${status}`).length - 1).toBe(2)
    expect(all.split("\r\n\r\n").filter((part) => part !== "" && !part.startsWith("HTTP/1.1"))).toEqual([])
  })

  it("a body may have what its path allows: one byte more is a 413, and the socket serves on", async () => {
    const listening = await listen({
      http: echoLength,
      settings: { "limits.requestSize": 2000 },
      bodyLimits: new Map([["/small", 1000]])
    })
    const raw = await openRaw(listening)
    const post = (path: string, size: number) =>
      raw
        .send(requestOf({ Host: "x", "Content-Length": `${size}` }, { method: "POST", path }))
        .send("y".repeat(size))
    const statuses = async (count: number) => {
      const statusesIn = (text: string) =>
        [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))
      const all = await raw.reads.until((all) => statusesIn(String(all.at(-1))).length >= count)
      return statusesIn(String(all.at(-1)))
    }
    post("/small", 1000)
    await statuses(1)
    post("/small", 1001)
    await statuses(2)
    post("/small?a", 1001)
    await statuses(3)
    post("/other", 2000)
    await statuses(4)
    post("/other", 100_000)
    await statuses(5)
    post("/small", 0)
    expect(await statuses(6)).toEqual([200, 413, 413, 200, 413, 200])
  })

  it("a body that does not end is cut far beyond its limit, with an answer", async () => {
    const listening = await listen({ http: echoLength, settings: { "limits.requestSize": 1000 } })
    const raw = await openRaw(listening)
    raw.send(requestOf({ Host: "x", "Content-Length": "200000000" }, { method: "POST" }))
    const part = Buffer.alloc(65_536)
    let sent = 0
    while (raw.socket.writable && sent < 64 * 1_048_576) {
      sent += part.length
      await new Promise<void>((resolve) => raw.socket.write(part, () => resolve()))
    }
    await raw.ended
    expect(sent).toBeLessThan(64 * 1_048_576)
    if (raw.received.length > 0) expect(String(raw.received)).toMatch(/^HTTP\/1.1 413/)
  })

  it("a body in single bytes, and one in chunks of unknown number, are whole bodies", async () => {
    const listening = await listen({ http: echo })
    const raw = await openRaw(listening)
    if (!listening.isSecure) raw.socket.setNoDelay(true)
    for (const byte of Buffer.from(
      `${requestOf({ Host: "x", "Content-Length": "5" }, { method: "POST" })}hello`
    ))
      raw.send(Uint8Array.of(byte))
    expect(bodyOf(await textUntil(raw, ";"))).toBe("POST / hello;")
    const chunked = await openRaw(listening)
    chunked.send(requestOf({ Host: "x", "Transfer-Encoding": "chunked" }, { method: "POST", path: "/c" }))
    for (const part of ["3\r\none\r\n", "4\r\n two", "\r\n0\r\n", "\r\n"]) chunked.send(part)
    expect(bodyOf(await textUntil(chunked, ";"))).toBe("POST /c one two;")
  })

  it("requests that come in one piece are answered in order", async () => {
    const listening = await listen({ http: echo })
    const raw = await openRaw(listening)
    const post = (path: string, body: string) =>
      requestOf({ Host: "x", "Content-Length": `${body.length}` }, { method: "POST", path }) + body
    raw.send(
      post("/1", "one") + requestOf({ Host: "x" }, { path: "/2" }) + post("/3", "three") + post("/4", "")
    )
    const all = await textUntil(raw, "/4")
    expect(all.match(/(GET|POST) [^;]*;/g)).toEqual([
      "POST /1 one;",
      "GET /2 ;",
      "POST /3 three;",
      "POST /4 ;"
    ])
  })

  it("a client of HTTP/1.0 is answered or cut, and nobody else", async () => {
    const listening = await listen({ http: echo })
    const raw = (await openRaw(listening)).send("GET /old HTTP/1.0\r\n\r\n")
    await raw.ended
    if (raw.received.length > 0) expect(String(raw.received)).toMatch(/^HTTP\/1\.[01] (200|505)/)
    expect((await fetchOf(listening.http("/new"))).text).toBe("GET /new ;")
  })

  it("a handler that breaks is a 500, and the next request is answered", async () => {
    const listening = await listen({
      http: ({ path }): HttpAnswer | Promise<HttpAnswer> => {
        if (path === "/throws") throw new Error("a bug")
        if (path === "/rejects") return Promise.reject(new Error("a bug"))
        return answer("fine")
      }
    })
    expect((await fetchOf(listening.http("/throws"))).status).toBe(500)
    expect((await fetchOf(listening.http("/rejects"), "POST")).status).toBe(500)
    expect((await fetchOf(listening.http("/"))).text).toBe("fine")
  })

  it("whoever goes away before the answer, or in the middle of the body, disturbs nobody", async () => {
    const asked = new Heard<() => void>()
    const listening = await listen({
      http: ({ path, address }) =>
        path === "/slow"
          ? new Promise((resolve) => asked.add(() => resolve(answer(address))))
          : answer("fine")
    })
    for (let i = 0; i < 20; i++) {
      const raw = await openRaw(listening)
      raw.send(requestOf({ Host: "x" }, { path: "/slow" }))
      await asked.count(i + 1)
      raw.socket.destroy()
      await raw.ended
    }
    const half = await openRaw(listening)
    half
      .send(requestOf({ Host: "x", "Content-Length": "100" }, { method: "POST", path: "/slow" }))
      .send("half")
    half.socket.destroy()
    await half.ended
    for (const settle of asked.all) settle()
    expect((await fetchOf(listening.http("/"))).text).toBe("fine")
  })

  // uWebSockets.js cuts a client that asks again before a slow answer is there, as it has no queue for them.
  it.runIf(transport === "ws")(
    "requests in one piece whose answers come later are answered in order",
    async () => {
      const listening = await listen({ http: async (request) => echo(request) })
      const raw = await openRaw(listening)
      raw.send(requestOf({ Host: "x" }, { path: "/1" }) + requestOf({ Host: "x" }, { path: "/2" }))
      expect((await textUntil(raw, "/2")).match(/GET [^;]*;/g)).toEqual(["GET /1 ;", "GET /2 ;"])
    }
  )
}

const echoLength = ({ body }: PlainRequest) => answer(String(body.length))

/** A whole answer. */
const fetchOf = async (url: string, method = "GET") => {
  const client = await openStream(url, { method })
  await client.ended
  return client
}

const textUntilEnd = (raw: RawClient) => raw.ended.then(() => String(raw.received))
