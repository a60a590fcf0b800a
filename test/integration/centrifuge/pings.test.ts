/** Pings of the protocol and the pongs that answer them. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { openStream } from "../../support/centrifuge/HttpStream.ts"
import { connectScript, openScript } from "../../support/centrifuge/Script.ts"

const BAD_REQUEST = { code: 3501, reason: "bad request" }
const FAST = { "client.pingInterval": "300 ms", "client.pongTimeout": "250 ms" }

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("come again and again to a client that answers", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const script = await connectScript(server)
    expect((await script.reply(1)).connect).toMatchObject({ ping: 1, pong: true })
    for (let count = 1; count <= 3; count++) {
      await script.until((lines) => lines.filter((line) => line === "{}").length === count)
      // A pong may share a frame with commands, and has an id of 0 or none.
      await (count === 2
        ? script.say({ id: 0 }, { id: 2, presence_stats: { channel: "a" } })
        : script.say("{}"))
    }
    expect((await script.reply(2)).presence_stats).toBeDefined()
    expect(script.client.isOpen).toBe(true)
  })

  it("a pong that nobody asked for ends the connection, and so does a second one", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const first = await connectScript(server)
    await first.say("{}")
    expect(await first.ended).toEqual(BAD_REQUEST)
    const second = await connectScript(server)
    await second.until((lines) => lines.includes("{}"))
    await second.say("{}", "{}")
    expect(await second.ended).toEqual(BAD_REQUEST)
    // Whatever else stands in a command without an id, it is a pong.
    const third = await connectScript(server)
    await third.say({ id: 0, subscribe: { channel: "a" } })
    expect(await third.ended).toEqual(BAD_REQUEST)
  })

  it("need no answer where none is wanted", async () => {
    const server = await serveCentrifuge(transport, { ...FAST, "client.pongTimeout": 0 })
    const script = await connectScript(server)
    await script.until((lines) => lines.filter((line) => line === "{}").length === 3)
    await script.say("{}")
    expect(await script.ended).toEqual(BAD_REQUEST)
  })

  it("are frames of the WebSocket where a client wants those", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const path = "/connection/websocket?cf_ws_frame_ping_pong=true"
    const script = await connectScript(server, {}, { path })
    expect((await script.reply(1)).connect).toEqual({
      client: expect.any(String),
      version: expect.any(String)
    })
    const other = await connectScript(server)
    await other.until((lines) => lines.includes("{}"))
    expect(script.lines).toHaveLength(1)
  })

  it("are of length 0 in Protobuf, on both sides", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const script = await openScript(server, { protocols: ["centrifuge-protobuf"] })
    await script.client.send(Buffer.from([4, 8, 1, 0x22, 0]))
    for (const count of [2, 3]) {
      expect((await script.client.messages.count(count))[count - 1]).toEqual(Buffer.from([0]))
      await script.client.send(Buffer.from([0]))
    }
    await script.client.messages.count(4)
  })

  it("go to streams, whose clients answer by /emulation", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const stream = await openStream(server.port, "/connection/http_stream", { body: '{"id":1,"connect":{}}' })
    const { session, node } = JSON.parse((await stream.first(1))[0]!).connect
    const pong = { body: JSON.stringify({ session, node, data: "{}" }) }
    for (const count of [2, 3]) {
      expect((await stream.first(count))[count - 1]).toBe("{}")
      expect((await openStream(server.port, "/emulation", pong)).status).toBe(204)
    }
    await stream.ended
    expect(stream.lines.at(-1)).toBe('{"push":{"disconnect":{"code":3012,"reason":"no pong"}}}')
  })

  it("go to unidirectional clients, who need not answer", async () => {
    const server = await serveCentrifuge(transport, FAST)
    const socket = await openScript(server, { path: "/connection/uni_websocket" })
    await socket.say("{}")
    const stream = await openStream(server.port, "/connection/uni_sse", { method: "GET" })
    for (const lines of [await socket.first(4), await stream.first(4)]) {
      expect(JSON.parse(lines[0]!).connect).toMatchObject({ ping: 1 })
      expect(JSON.parse(lines[0]!).connect.pong).toBeUndefined()
      expect(lines.slice(1)).toEqual(["{}", "{}", "{}"])
    }
  })
})
