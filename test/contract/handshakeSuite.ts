/** The transport contract: which handshakes become connections, and how the others are answered. */
import { expect, it } from "vitest"
import { connect, refusal } from "../support/server/clients.ts"
import { refusedFor } from "../support/server/figures.ts"
import { ACCEPT, HANDSHAKE, openRaw, requestOf, upgradeRaw } from "../support/server/RawClient.ts"
import type { Served } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"

/** The answer to one handshake with these headers changed. */
const answerTo = async (
  served: Served,
  changed: Readonly<Record<string, string | undefined>>,
  line: { method?: string; path?: string } = {}
) => (await openRaw(served)).send(requestOf({ ...HANDSHAKE, ...changed }, line)).head()

export const handshakeSuite = ({ start, transport, isSecure }: Contract) => {
  it("any path upgrades, with or without a query", async () => {
    const served = await start()
    const paths = ["/", "/news", "/a/b/c?d=e&f", "/%E2%82%AC/%20", `/${"x".repeat(2000)}`]
    const clients = await Promise.all(paths.map((path) => connect(served.url(path))))
    expect(await served.broadcast("for all")).toMatchObject({ eligible: paths.length, written: paths.length })
    for (const { messages } of clients) expect(await messages.count(1)).toEqual(["for all"])
  })

  it("names of headers and the word websocket may have any case", async () => {
    const served = await start()
    const { Host, Upgrade, Connection, ...keyAndVersion } = HANDSHAKE
    const loud = Object.fromEntries(
      Object.entries(keyAndVersion).map(([name, value]) => [name.toUpperCase(), value])
    )
    const raw = await openRaw(served)
    raw.send(requestOf({ hOsT: "x", UPGRADE: "WebSocket", connection: "keep-alive, UPGRADE", ...loud }))
    const { status, headers } = await raw.head()
    expect(status).toBe(101)
    expect(headers.get("sec-websocket-accept")).toBe(ACCEPT)
  })

  it("a handshake in single bytes is a handshake", async () => {
    const served = await start()
    const raw = await openRaw(served)
    if (!isSecure) raw.socket.setNoDelay(true)
    for (const byte of Buffer.from(requestOf(HANDSHAKE))) raw.send(Uint8Array.of(byte))
    expect((await raw.head()).status).toBe(101)
  })

  it("a wrong version is answered with 426 and the version that is spoken", async () => {
    const served = await start()
    for (const version of ["12", "8", "", "13, 8", undefined]) {
      const { status, headers } = await answerTo(served, { "Sec-WebSocket-Version": version })
      expect([version, status, headers.get("sec-websocket-version")]).toEqual([version, 426, "13"])
    }
    expect(refusedFor(await served.figures(), "invalid")).toBe(5)
  })

  it("a missing, short, long or undecodable key is answered with 400", async () => {
    const served = await start()
    const keys = [
      undefined,
      "",
      "dGhl",
      `${"A".repeat(24)}==`,
      "dGhlIHNhbXBsZSBub25j!Q==",
      "dGhlIHNhbXBsZSBub25jZQ__"
    ]
    for (const key of keys) {
      expect([key, (await answerTo(served, { "Sec-WebSocket-Key": key })).status]).toEqual([key, 400])
    }
    expect(refusedFor(await served.figures(), "invalid")).toBe(keys.length)
  })

  it("an upgrade by another method is answered with 405", async () => {
    const served = await start()
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status } = await answerTo(served, { "Content-Length": "0" }, { method })
      expect([method, status]).toEqual([method, 405])
    }
  })

  it("an upgrade to something else, or without the Connection header, is answered with 426", async () => {
    const served = await start()
    expect((await answerTo(served, { Upgrade: "h2c" })).status).toBe(426)
    expect((await answerTo(served, { Connection: undefined })).status).toBe(426)
    expect((await answerTo(served, { Connection: "keep-alive" })).status).toBe(426)
  })

  it("offered subprotocols and extensions do not hinder, and none is forced on the client", async () => {
    const served = await start()
    const { status, headers } = await answerTo(served, {
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
      "Sec-WebSocket-Protocol": "chat, superchat"
    })
    expect(status).toBe(101)
    expect(headers.has("sec-websocket-extensions")).toBe(false)
  })

  it("a broken list of subprotocols takes no place for ever", async () => {
    const served = await start({ "limits.connectionsPerAddress": 1 })
    const raw = (await openRaw(served)).send(requestOf({ ...HANDSHAKE, "Sec-WebSocket-Protocol": ",, a" }))
    if ((await raw.head()).status === 101) {
      raw.socket.destroy()
      await served.closes.count(1)
    } else await raw.ended
    expect((await connect(served.url())).isOpen).toBe(true)
  })

  it("connections over the limit of one address get 429 and when to try again, until one leaves", async () => {
    const served = await start({ "limits.connectionsPerAddress": 2 })
    const [first, second] = [await connect(served.url()), await connect(served.url())]
    const { status, headers } = await refusal(served.url())
    expect([status, headers["retry-after"]]).toEqual([429, "10"])
    expect(refusedFor(await served.figures(), "address")).toBe(1)

    const elsewhere = await connect(served.url(), { localAddress: "127.0.0.2" })
    first.socket.close()
    await served.closes.count(1)
    const third = await connect(served.url())
    expect(await served.broadcast("x")).toMatchObject({ eligible: 3 })
    expect([second, third, elsewhere].every(({ isOpen }) => isOpen)).toBe(true)
  })

  it("handshakes over the rate get 503 and when to try again, and are taken again later", async () => {
    const served = await start({ "limits.handshakesPerSecond": 20 })
    const attempts = await Promise.allSettled(Array.from({ length: 60 }, () => connect(served.url())))
    const taken = attempts.filter(({ status }) => status === "fulfilled").length
    expect(taken).toBeGreaterThanOrEqual(20)
    expect(taken).toBeLessThan(60)
    expect(refusedFor(await served.figures(), "rate")).toBe(60 - taken)

    // A refused attempt costs no token: whoever keeps trying gets in within a twentieth of a second.
    let answer = { status: 503, retryAfter: "1" as string | undefined }
    while (answer.status === 503) {
      expect(answer.retryAfter).toBe("1")
      const raw = (await openRaw(served)).send(requestOf(HANDSHAKE))
      const { status, headers } = await raw.head()
      answer = { status, retryAfter: headers.get("retry-after") }
    }
    expect(answer.status).toBe(101)
  })

  it("a handshake that breaks off hangs nobody else", async () => {
    const served = await start()
    const whole = requestOf(HANDSHAKE)
    const cuts = await Promise.all(Array.from({ length: 20 }, () => openRaw(served)))
    for (const [i, raw] of cuts.entries()) raw.send(whole.slice(0, Math.floor((whole.length * i) / 20)))
    const client = await connect(served.url())
    for (const { socket } of cuts.slice(10)) socket.destroy()
    const other = await upgradeRaw(served)
    await served.broadcast("still here")
    expect(await client.messages.count(1)).toEqual(["still here"])
    expect(String((await other.frame(1)).payload)).toBe("still here")
  })

  // uWebSockets.js answers and ends such connections within its C++ code: we hear nothing of them and cannot count them.
  it("bytes that are no HTTP are answered or cut, and the socket ends", async () => {
    const served = await start()
    const witness = await connect(served.url())
    const garbage = [
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
      "F@@ / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET foo HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: minus\r\n\r\n",
      "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
      Buffer.alloc(300, 0),
      Buffer.alloc(300, 0xff)
    ]
    for (const bytes of garbage) {
      const raw = (await openRaw(served)).send(bytes)
      await raw.ended
      const answer = String(raw.received)
      if (answer !== "")
        expect([String(bytes), answer]).toEqual([String(bytes), expect.stringMatching(/^HTTP\/1.1 [45]/)])
    }
    // CONNECT is HTTP, and simply not served.
    if (transport === "ws") expect(refusedFor(await served.figures(), "invalid")).toBe(garbage.length - 1)
    await served.broadcast("x")
    expect(await witness.messages.count(1)).toEqual(["x"])
  })
}
