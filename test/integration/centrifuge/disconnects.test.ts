/** Every way in which the server ends a connection: code and reason, in the close frame and nowhere else. */
import { setImmediate } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { type CentrifugeServer, serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, openScript, type Script } from "../../support/centrifuge/Script.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"
import { frame, HANDSHAKE, openRaw, requestOf } from "../../support/server/RawClient.ts"

const token = (claims: object): string => hs256("secret", claims)

const STRICT = { "client.insecure": false }

/** Connects, and gives how that ends. */
const endOf = async (script: Script, request: object) => {
  await script.say({ id: 1, connect: request })
  return script.ended
}

/** A client that stops to read, and gets more than the kernel takes; `left` settles when another one hears that it left. */
const floodPaused = async (server: CentrifugeServer) => {
  const watch = await connectScript(server)
  await watch.say({ id: 2, subscribe: { channel: "watched" } })
  await watch.reply(2)
  const script = await connectScript(server)
  await script.say(
    { id: 2, subscribe: { channel: "watched" } },
    { id: 3, subscribe: { channel: "recovery:a" } }
  )
  await script.reply(3)
  script.client.raw.pause()
  const big = JSON.stringify("x".repeat(200_000))
  for (let i = 0; i < 80; i++) {
    await server.publish("recovery:a", big)
    await setImmediate()
  }
  return { script, left: watch.line(({ push }) => push?.leave !== undefined) }
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("3001: the server goes", async () => {
    const server = await serveCentrifuge(transport)
    const script = await connectScript(server)
    await server.served.stop()
    expect(await script.ended).toEqual({ code: 3001, reason: "shutdown" })
  })

  it("3008: more waits for the client than may", async () => {
    const server = await serveCentrifuge(transport, {
      "client.queueMaxSize": 100_000,
      "client.writeTimeout": "1 hour"
    })
    const { script, left } = await floodPaused(server)
    await left
    script.client.raw.resume()
    expect(await script.ended).toEqual({ code: 3008, reason: "slow" })
  })

  it("3009: the client takes nothing for too long", async () => {
    const server = await serveCentrifuge(transport, {
      "client.queueMaxSize": 100_000_000,
      "client.writeTimeout": "500 ms"
    })
    const { script, left } = await floodPaused(server)
    await left
    script.client.raw.resume()
    expect(await script.ended).toEqual({ code: 3009, reason: "write error" })
  })

  it("3011, 3503, 4000: the application says so", async () => {
    const server = await serveCentrifuge(transport)
    for (const [code, reason] of [
      [3011, "force reconnect"],
      [3503, "force disconnect"],
      [4001, "why not? caf\u00e9"]
    ] as const) {
      const script = await connectScript(server)
      await server.control({ _tag: "Disconnect", user: "", code, reason, whitelist: [] })
      expect(await script.ended).toEqual({ code, reason })
      expect(script.lines).toHaveLength(1)
    }
  })

  it("3004, or a shorter reason: a program asks for what no close frame can say", async () => {
    const server = await serveCentrifuge(transport)
    for (const [asked, code, reason] of [
      [{ code: 99, reason: "x" }, 3004, "internal server error"],
      [{ code: 4000, reason: "\u00e9".repeat(100) }, 4000, "\u00e9".repeat(61)]
    ] as const) {
      const script = await connectScript(server)
      await server.control({ _tag: "Disconnect", user: "", ...asked, whitelist: [] })
      expect(await script.ended).toEqual({ code, reason })
    }
  })

  it("3012: no pong came", async () => {
    const server = await serveCentrifuge(transport, {
      "client.pingInterval": "200 ms",
      "client.pongTimeout": "50 ms"
    })
    const script = await connectScript(server)
    // Other traffic does not count.
    await script.until((lines) => lines.includes("{}"))
    await script.say({ id: 2, presence: { channel: "a" } })
    expect(await script.ended).toEqual({ code: 3012, reason: "no pong" })
    expect(script.lines.filter((line) => line === "{}")).toHaveLength(1)
  })

  it("3502: no successful connect in time", async () => {
    const server = await serveCentrifuge(transport, { "client.staleCloseDelay": "100 ms" })
    expect(await (await openScript(server)).ended).toEqual({ code: 3502, reason: "stale" })
  })

  it("a client that does not answer the close frame is not waited for longer than 5 s", async () => {
    const server = await serveCentrifuge(transport)
    const raw = (await openRaw(server.served)).send(requestOf(HANDSHAKE, { path: "/connection/websocket" }))
    await raw.head()
    raw.send(frame({ opcode: 1, payload: "hello" }))
    await raw.frame(8)
    const began = performance.now()
    expect(raw.closeCode).toBe(3501)
    expect(await raw.ended).toBe("end")
    expect(performance.now() - began).toBeLessThan(8000)
  })

  it("1009: the frame is too large", async () => {
    const server = await serveCentrifuge(transport)
    const fits = await connectScript(server)
    const publishing = (bytes: number): string => {
      const head = '{"id":2,"publish":{"channel":"a","data":"'
      return `${head}${"x".repeat(bytes - head.length - 3)}"}}`
    }
    await fits.say(publishing(65_536))
    expect(await fits.reply(2)).toEqual({ id: 2, publish: {} })
    const bigger = await connectScript(server)
    await bigger.say(publishing(65_537))
    expect((await bigger.ended).code).toBe(1009)
    const first = await openScript(server)
    await first.say(publishing(500_000))
    expect((await first.ended).code).toBe(1009)
  })
})

describe("limits", () => {
  it("3013: too many commands wait for one", async () => {
    const backend = await HttpBackend.start(() => {})
    const server = await serveCentrifuge("uws", {
      "client.commandQueue": 4,
      "rpc.proxy": { endpoint: backend.url, timeout: "1 hour" },
      "rpc.withoutNamespace": { proxyEnabled: true }
    })
    const script = await connectScript(server)
    await script.say(...[2, 3, 4, 5, 6].map((id) => ({ id, rpc: { method: "m" } })))
    await backend.requests.count(1)
    await script.say({ id: 7, rpc: { method: "m" } })
    expect(await script.ended).toEqual({ code: 3013, reason: "too many requests" })
  })

  it("3504: a user has too many connections, or only one", async () => {
    const limited = await serveCentrifuge("uws", { ...STRICT, "client.userConnectionLimit": 2 })
    const mine = { token: token({ sub: "u" }) }
    await connectScript(limited, mine)
    const second = await connectScript(limited, mine)
    const third = await openScript(limited)
    expect(await endOf(third, mine)).toEqual({ code: 3504, reason: "connection limit" })
    second.client.socket.close()
    await second.ended
    await connectScript(limited, mine)

    const single = await serveCentrifuge("uws", {
      ...STRICT,
      "client.subscribeToUserPersonalChannel": { enabled: true, singleConnection: true }
    })
    const before = await connectScript(single, mine)
    expect(Object.keys((await before.reply(1)).connect.subs)).toEqual(["#u"])
    await connectScript(single, mine)
    expect(await before.ended).toEqual({ code: 3504, reason: "connection limit" })
  })

  it("3505: the server would subscribe it to too many channels", async () => {
    const server = await serveCentrifuge("uws", { ...STRICT, "client.channelLimit": 2 })
    const channels = ["a", "b", "c"]
    expect(await endOf(await openScript(server), { token: token({ sub: "u", channels }) })).toEqual({
      code: 3505,
      reason: "channel limit"
    })
  })

  it("3506: a payload that is not JSON, for a client that speaks JSON", async () => {
    const server = await serveCentrifuge("uws")
    const live = await connectScript(server)
    await live.say({ id: 2, subscribe: { channel: "recovery:a" } })
    await live.reply(2)
    await server.publish("recovery:a", Buffer.from("not JSON"))
    const end = { code: 3506, reason: "inappropriate protocol" }
    expect(await live.ended).toEqual(end)
    for (const command of [
      { subscribe: { channel: "recovery:a", recover: true } },
      { history: { channel: "recovery:a", limit: 10 } }
    ]) {
      const later = await connectScript(server)
      await later.say({ id: 2, ...command })
      expect(await later.ended).toEqual(end)
    }
  })
})

describe("a backend", () => {
  it("closes with codes of its own, and with 3004 where it is broken", async () => {
    const backend = await HttpBackend.start(json({ disconnect: { code: 4501, reason: "banned" } }))
    const server = await serveCentrifuge("uws", {
      ...STRICT,
      "client.proxy.connect": { enabled: true, endpoint: backend.url }
    })
    expect(await endOf(await openScript(server), {})).toEqual({ code: 4501, reason: "banned" })
    backend.answer = json({ error: { code: 1000, message: "not now" } })
    const refused = await openScript(server)
    await refused.say({ id: 1, connect: {} })
    expect(await refused.first(1)).toEqual(['{"id":1,"error":{"code":1000,"message":"not now"}}'])
    backend.answer = (_, response) => response.writeHead(500).end()
    const broken = await openScript(server)
    await broken.say({ id: 1, connect: {} })
    expect(await broken.first(1)).toEqual([
      '{"id":1,"error":{"code":100,"message":"internal server error","temporary":true}}'
    ])
    const uni = await openScript(server, { path: "/connection/uni_websocket" })
    await uni.say("{}")
    expect(await uni.ended).toEqual({ code: 3004, reason: "internal server error" })
  })
})
