/** Frames and lines: what is understood, what is not, and payloads byte for byte. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, openScript } from "../../support/centrifuge/Script.ts"

const BAD_REQUEST = { code: 3501, reason: "bad request" }
const OK = '{"id":2,"presence_stats":{"num_clients":0,"num_users":0}}'

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it.each([
    ["unknown fields", '{"x":{"y":[1]},"id":2,"presence_stats":{"z":null,"channel":"a"},"presenc":1}'],
    ["another order of fields", '{"presence_stats":{"channel":"a"},"id":2}'],
    ["white space", ' \t{ "id" : 2 , "presence_stats" : { "channel" : "a" } } \r'],
    ["a newline at the end", '{"id":2,"presence_stats":{"channel":"a"}}\n'],
    ["escapes in names", '{"\\u0069d":2,"presence\\u005fstats":{"channel":"\\u0061"}}'],
    ["null for what is absent", '{"id":2,"history":null,"presence_stats":{"channel":"a"}}'],
    ["several requests: the first in the order counts", '{"rpc":{},"presence_stats":{"channel":"a"},"id":2}']
  ])("%s is understood", async (_, frame) => {
    const server = await serveCentrifuge(transport)
    const script = await connectScript(server)
    await script.say(frame)
    expect((await script.first(2))[1]).toBe(OK)
  })

  it.each([
    ["nothing", ""],
    ["a newline", "\n"],
    ["an empty line between commands", '{"id":2,"presence":{"channel":"a"}}\n\n{"id":3,"rpc":{}}'],
    ["two newlines at the end", '{"id":2,"presence":{"channel":"a"}}\n\n'],
    ["no JSON", "hello"],
    ["an array", "[]"],
    ["a string", '"x"'],
    ["half a command", '{"id":2,"presence":{"chan'],
    ["two commands on a line", '{"id":2,"presence":{"channel":"a"}}{"id":3,"rpc":{}}'],
    ["one good line and one bad one", '{"id":2,"presence":{"channel":"a"}}\n{"id":'],
    ["a text for the id", '{"id":"2","rpc":{}}'],
    ["a fraction for the id", '{"id":2.5,"rpc":{}}'],
    ["a negative id", '{"id":-1,"rpc":{}}'],
    ["an id over 32 bits", '{"id":4294967296,"rpc":{}}'],
    ["a number for a channel", '{"id":2,"subscribe":{"channel":1}}'],
    ["a text for a request", '{"id":2,"subscribe":"a"}'],
    ["a text for a flag", '{"id":2,"subscribe":{"channel":"a","recover":"true"}}'],
    ["an offset of more than 64 bits", '{"id":2,"subscribe":{"channel":"a","offset":18446744073709555712}}'],
    ["a list for a map", '{"id":2,"connect":{"headers":[]}}'],
    ["no request", '{"id":2}'],
    ["an unknown request", '{"id":2,"delete":{}}'],
    ["a filter of endless depth", `{"id":2,"subscribe":{"tf":${'{"nodes":['.repeat(1000)}`]
  ])("%s ends the connection", async (_, frame) => {
    const server = await serveCentrifuge(transport)
    const script = await connectScript(server)
    await script.client.send(frame)
    expect(await script.ended).toEqual(BAD_REQUEST)
    // Nothing of such a frame is done.
    expect(script.lines).toHaveLength(1)
  })

  it("binary frames are read like text, where they are text", async () => {
    const server = await serveCentrifuge(transport)
    const script = await connectScript(server)
    await script.client.send(Buffer.from('{"id":2,"presence_stats":{"channel":"a"}}'))
    expect((await script.first(2))[1]).toBe(OK)
    await script.client.send(Buffer.from([0x7b, 0xff, 0x7d]))
    expect(await script.ended).toEqual(BAD_REQUEST)
  })

  it("payloads pass byte for byte, but for newlines", async () => {
    const server = await serveCentrifuge(transport)
    const payloads = [
      '{"b":12345678901234567890,"a":1e400,"10":0.10,"9":-0,"b":"twice"}',
      '"\\u00e9\\ud83d\\ude00 \u{1f600} \\/ \\u0000 \u2028"',
      '[ 1 ,\t2 , {"__proto__":{"constructor":null}} ]',
      "null",
      "false",
      "0",
      '""',
      "[]"
    ]
    const [one, other] = [await connectScript(server), await connectScript(server)]
    await other.say({ id: 2, subscribe: { channel: "recovery:a" } })
    await other.reply(2)
    for (const [i, payload] of payloads.entries())
      await one.say(`{"id":${i + 2},"publish":{"channel":"recovery:a","data":${payload}}}`)
    await one.reply(payloads.length + 1)
    const spread = payloads[2]!.replaceAll(" ", "\r\n").replace(/^/, "\r\n")
    await server.publish("recovery:a", spread)
    await other.until((lines) => lines.length === 2 + payloads.length + 1)
    const expected = [...payloads, spread.replace(/\r\n/g, "")]
    const read = (line: string) => /"data":(.*?),"(info|offset)":/s.exec(line)?.[1]
    expect(other.lines.slice(2).map(read)).toEqual(expected)
    await other.say({ id: 3, history: { channel: "recovery:a", limit: 100 } })
    await other.reply(3)
    for (const payload of expected) expect(other.lines.at(-1)).toContain(`{"data":${payload},"`)
  })

  it("large payloads come whole", async () => {
    const server = await serveCentrifuge(transport)
    const script = await connectScript(server)
    await script.say({ id: 2, subscribe: { channel: "recovery:a" } })
    const own = "y".repeat(60 * 1024)
    await script.say({ id: 3, publish: { channel: "recovery:a", data: own } })
    const pushed = await script.line(({ push }) => push?.pub?.offset === 1)
    expect(pushed.push.pub.data).toBe(own)
    const big = "x".repeat(200 * 1024)
    for (let i = 0; i < 3; i++) await server.publish("recovery:a", JSON.stringify(big))
    for (const offset of [2, 3, 4]) {
      const line = await script.line(({ push }) => push?.pub?.offset === offset)
      expect(line.push.pub.data === big).toBe(true)
    }
  })
})

describe("subprotocols", () => {
  it("are answered, and say which encoding is spoken", async () => {
    const server = await serveCentrifuge("uws")
    const pong = Buffer.from([0])
    for (const [protocols, path, answered, isBinary] of [
      [[], "", "", false],
      [["centrifuge-json"], "", "centrifuge-json", false],
      [["centrifuge-protobuf"], "", "centrifuge-protobuf", true],
      [["other", "centrifuge-protobuf"], "", "centrifuge-protobuf", true],
      [["centrifuge-json", "centrifuge-protobuf"], "", "centrifuge-json", false],
      [[], "?format=protobuf", "", true],
      [[], "?cf_protocol=protobuf", "", true],
      [[], "?format=json", "", false]
    ] as const) {
      const script = await openScript(server, { path: `/connection/websocket${path}`, protocols })
      expect(script.client.socket.protocol).toBe(answered)
      // A connect command in one encoding is nonsense in the other.
      await script.client.send(isBinary ? Buffer.from([4, 8, 1, 0x22, 0]) : '{"id":1,"connect":{}}')
      await script.client.messages.count(1)
      expect(typeof script.client.messages.all[0]).toBe(isBinary ? "object" : "string")
      await script.client.send(isBinary ? pong : "{}")
      expect(await script.ended).toEqual(BAD_REQUEST)
    }
  })
})
