/** /emulation by hand: commands for streams, and those that are for none, or for somebody else's. */
import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { type HttpStream, openStream, type StreamRequest } from "../../support/centrifuge/HttpStream.ts"
import { connectScript } from "../../support/centrifuge/Script.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"

const CONNECT = '{"id":1,"connect":{}}'

/** A connected stream, and where its commands go. */
const connect = async (port: number, path = "/connection/http_stream", body = CONNECT) => {
  const stream = await openStream(port, path, { body })
  const { session, node, client } = JSON.parse((await stream.first(1))[0]!).connect
  const emulate = async (...commands: ReadonlyArray<string | object>): Promise<number> => {
    const data = commands.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n")
    return status(port, { body: JSON.stringify({ session, node, data }) })
  }
  return { stream, session, node, client, emulate }
}

const status = async (port: number, request: StreamRequest): Promise<number> => {
  const answer = await openStream(port, "/emulation", request)
  expect((await answer.whole()) === "").toBe(answer.status === 204)
  return answer.status
}

/** The end of a stream: its last line. */
const endOf = async (stream: HttpStream): Promise<unknown> => {
  await stream.ended
  return JSON.parse(stream.lines.at(-1)!).push
}
const BAD_REQUEST = { disconnect: { code: 3501, reason: "bad request" } }

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it.each(["/connection/http_stream", "/connection/sse"])(
    "replies travel on the stream: %s",
    async (path) => {
      const server = await serveCentrifuge(transport)
      const { stream, emulate } = await connect(server.port, path)
      expect(await emulate({ id: 2, subscribe: { channel: "recovery:a" } }, { id: 3, rpc: {} })).toBe(204)
      expect(await emulate({ id: 4, publish: { channel: "recovery:a", data: { a: [1] } } })).toBe(204)
      const lines = (await stream.first(5)).map((line) => JSON.parse(line))
      expect(lines.slice(1, 3)).toEqual([
        { id: 2, subscribe: expect.objectContaining({ positioned: true }) },
        { id: 3, error: { code: 108, message: "not available" } }
      ])
      expect(lines.slice(3)).toContainEqual({ id: 4, publish: {} })
      expect(lines.slice(3)).toContainEqual({
        push: {
          channel: "recovery:a",
          pub: {
            data: { a: [1] },
            offset: 1,
            epoch: expect.any(String),
            info: { user: "", client: lines[0].connect.client }
          }
        }
      })
    }
  )

  it("commands of one session are done in the order of the requests", async () => {
    const backend = await HttpBackend.start(json({ result: { data: 1 } }))
    const server = await serveCentrifuge(transport, {
      "rpc.proxy": { endpoint: backend.url },
      "rpc.withoutNamespace": { proxyEnabled: true }
    })
    const { stream, emulate } = await connect(server.port)
    for (let id = 2; id < 12; id++)
      expect(
        await emulate({ id, ...(id % 3 === 0 ? { rpc: { method: "m" } } : { presence: { channel: "a" } }) })
      ).toBe(204)
    const lines = await stream.first(11)
    expect(lines.map((line) => JSON.parse(line).id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it("is answered 204 for a session that is gone, and 404 for a node that is not there", async () => {
    const server = await serveCentrifuge(transport)
    const { stream, node, session } = await connect(server.port)
    for (const other of [randomUUID(), "", "x"])
      expect(await status(server.port, { body: JSON.stringify({ session: other, node, data: "{}" }) })).toBe(
        204
      )
    for (const other of [randomUUID(), "", "x"])
      expect(await status(server.port, { body: JSON.stringify({ session, node: other, data: "{}" }) })).toBe(
        404
      )
    expect(stream.lines).toHaveLength(1)
  })

  it("is answered 400 for what is no emulation request, and 405 for other methods", async () => {
    const server = await serveCentrifuge(transport)
    const { stream, session, node } = await connect(server.port)
    for (const body of [
      "",
      "hello",
      "[]",
      "null",
      '{"session":1}',
      `{"session":"${session}","node":"${node}","data":{}}`,
      `{"session":"${session}","node":"${node}","data":["x"]}`,
      `{"session":"${session}","node":"${node}","data":"{}"`,
      Buffer.from([0x7b, 0xff, 0x7d])
    ])
      expect(await status(server.port, { body })).toBe(400)
    const binary = { "content-type": "application/octet-stream" }
    for (const body of [Buffer.from([0x0a]), Buffer.from("{}")])
      expect(await status(server.port, { headers: binary, body })).toBe(400)
    for (const method of ["GET", "PUT", "DELETE"]) expect(await status(server.port, { method })).toBe(405)
    expect(stream.lines).toHaveLength(1)
  })

  it("commands that are none end the stream", async () => {
    const server = await serveCentrifuge(transport)
    for (const data of ["", "hello", '{"id":2}', CONNECT, "{}"]) {
      const { stream, emulate } = await connect(server.port)
      expect(await emulate(data)).toBe(204)
      expect(await endOf(stream)).toEqual(BAD_REQUEST)
    }
  })

  it("takes Protobuf for streams that speak it", async () => {
    const server = await serveCentrifuge(transport)
    const binary = { "content-type": "application/octet-stream" }
    const stream = await openStream(server.port, "/connection/http_stream", {
      headers: binary,
      body: Buffer.from([4, 8, 1, 0x22, 0])
    })
    await stream.reads.count(1)
    const ids = stream.bytes.toString("latin1").match(/[0-9a-f]{8}-[0-9a-f-]{27}/g)!
    const [, session, node] = ids.map((id) => Buffer.from(id))
    // A ping command, which is not supported.
    const command = Buffer.from([4, 8, 2, 0x5a, 0])
    const field = (number: number, value: Buffer) =>
      Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value])
    const body = Buffer.concat([field(1, node!), field(2, session!), field(3, command)])
    expect(await status(server.port, { headers: binary, body })).toBe(204)
    await stream.ended
    expect(stream.text).toContain("bad request")
  })
})

describe("nobody reaches", () => {
  it("another's session with anything but its secret", async () => {
    const server = await serveCentrifuge("uws", { "client.insecure": false })
    const token = (sub: string) => hs256("secret", { sub })
    const stream = (sub: string) =>
      connect(
        server.port,
        "/connection/http_stream",
        JSON.stringify({ id: 1, connect: { token: token(sub) } })
      )
    const [mine, theirs] = [await stream("me"), await stream("them")]
    expect(theirs.session).not.toBe(mine.session)
    expect(theirs.session).not.toBe(theirs.client)
    const guesses = [
      theirs.client,
      "them",
      `${theirs.session.slice(0, -1)}`,
      theirs.session.toUpperCase(),
      "*"
    ]
    for (const session of guesses)
      expect(
        await status(server.port, {
          body: JSON.stringify({ session, node: theirs.node, data: '{"id":2,"rpc":{}}' })
        })
      ).toBe(204)
    expect(await theirs.emulate({ id: 3, rpc: {} })).toBe(204)
    expect((await theirs.stream.first(2))[1]).toContain('"id":3')
    expect(mine.stream.lines).toHaveLength(1)
  })

  it("a WebSocket, which has no session, and a stream that nothing can be said to", async () => {
    const server = await serveCentrifuge("uws")
    const socket = await connectScript(server)
    const { client, session } = (await socket.reply(1)).connect
    expect(session).toBeUndefined()
    const uni = await openStream(server.port, "/connection/uni_http_stream", { body: "{}" })
    const { session: secret, node } = JSON.parse((await uni.first(1))[0]!).connect
    for (const one of [client, secret])
      expect(
        await status(server.port, { body: JSON.stringify({ session: one, node, data: '{"id":2,"rpc":{}}' }) })
      ).toBe(204)
    await socket.say({ id: 3, rpc: {} })
    await socket.reply(3)
    expect(socket.lines).toHaveLength(2)
    expect(uni.lines).toHaveLength(1)
  })

  it("a session after its end", async () => {
    const server = await serveCentrifuge("uws")
    const watch = await connectScript(server)
    await watch.say({ id: 2, subscribe: { channel: "a" } })
    const { stream, emulate } = await connect(server.port)
    await emulate({ id: 2, subscribe: { channel: "a" } })
    await stream.first(3)
    stream.cut()
    await watch.line(({ push }) => push?.leave !== undefined)
    expect(await emulate({ id: 3, publish: { channel: "a", data: 1 } })).toBe(204)
    await watch.say({ id: 3, history: { channel: "a" } })
    expect((await watch.reply(3)).history.offset).toBe(0)
  })
})
