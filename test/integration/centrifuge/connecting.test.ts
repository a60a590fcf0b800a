/** The connect command: first of all, once, and what comes with it or after it. */
import { Centrifuge } from "centrifuge"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, openScript } from "../../support/centrifuge/Script.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"
import { refusal } from "../../support/server/clients.ts"

const BAD_REQUEST = { code: 3501, reason: "bad request" }
const SUBSCRIBE = { id: 2, subscribe: { channel: "recovery:a" } }

/** Who may connect is asked elsewhere, which takes a while. */
const withBackend = async (transport: "uws" | "ws", answer = json({ result: { user: "u" } })) => {
  const backend = await HttpBackend.start(answer)
  const server = await serveCentrifuge(transport, {
    "client.proxy.connect": { enabled: true, endpoint: backend.url }
  })
  return { backend, server }
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("another command before it ends the connection", async () => {
    const server = await serveCentrifuge(transport)
    for (const command of [
      SUBSCRIBE,
      { subscribe: { channel: "a" } },
      {},
      { send: { data: 1 } },
      { id: 1, ping: {} },
      { id: 1, refresh: { token: "x" } }
    ]) {
      const script = await openScript(server)
      await script.say(command, { id: 5, connect: {} })
      expect(await script.ended).toEqual(BAD_REQUEST)
      expect(script.lines).toEqual([])
    }
  })

  it("a path that is off is not there, so that SDKs take their next transport", async () => {
    const server = await serveCentrifuge(transport, { "websocket.enabled": false })
    expect((await refusal(server.served.url("/connection/websocket"))).status).toBe(404)
    const transports = [
      { transport: "websocket", endpoint: server.served.url("/connection/websocket") },
      { transport: "http_stream", endpoint: `http://127.0.0.1:${server.port}/connection/http_stream` }
    ] as const
    const sdk = new Centrifuge([...transports], {
      websocket: WebSocket,
      fetch,
      readableStream: ReadableStream,
      emulationEndpoint: `http://127.0.0.1:${server.port}/emulation`,
      minReconnectDelay: 1,
      maxReconnectDelay: 10
    })
    onTestFinished(() => sdk.disconnect())
    const connected = new Promise<string>((resolve) => sdk.on("connected", (told) => resolve(told.transport)))
    sdk.connect()
    expect(await connected).toBe("http_stream")
  })

  it("a second one ends the connection, in the same frame, in a later one and while the first is under way", async () => {
    const server = await serveCentrifuge(transport)
    const same = await openScript(server)
    await same.say({ id: 1, connect: {} }, { id: 2, connect: {} })
    expect(await same.ended).toEqual(BAD_REQUEST)
    const later = await connectScript(server)
    await later.say({ id: 2, connect: {} })
    expect(await later.ended).toEqual(BAD_REQUEST)
    const { server: slow } = await withBackend(transport)
    const early = await openScript(slow)
    await early.say({ id: 1, connect: {} })
    await early.say({ id: 2, connect: {} })
    expect(await early.ended).toEqual(BAD_REQUEST)
    for (const script of [same, later, early]) expect(script.lines).toHaveLength(1)
  })

  it("subscribes in its frame wait for it", async () => {
    const { server } = await withBackend(transport)
    const script = await openScript(server)
    await script.say({ id: 1, connect: {} }, SUBSCRIBE, { id: 3, presence_stats: { channel: "a" } })
    expect(await script.first(3)).toEqual([
      '{"id":1,"connect":{"client":"ID","version":"VERSION","ping":25,"pong":true}}',
      '{"id":2,"subscribe":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}}',
      '{"id":3,"presence_stats":{"num_clients":0,"num_users":0}}'
    ])
  })

  it.each([
    ["at once", false],
    ["after a while", true]
  ])(
    "refused %s, nothing else is done: the rest of the frame is dropped, later frames end the connection",
    async (_, isSlow) => {
      const refused = { error: { code: 1000, message: "no" } }
      const { server: asking } = await withBackend(transport, json(refused))
      const strict = await serveCentrifuge(transport, { "client.insecure": false })
      const expired = hs256("secret", { sub: "u", exp: 1 })
      const server = isSlow ? asking : strict
      const connect = { id: 1, connect: isSlow ? {} : { token: expired } }
      const error = isSlow ? refused.error : { code: 109, message: "token expired" }
      const script = await openScript(server)
      await script.say(connect, SUBSCRIBE, "{}", { id: 3, connect: {} })
      expect(await script.reply(1)).toEqual({ id: 1, error })
      await script.say({ id: 4, rpc: {} })
      expect(await script.ended).toEqual(BAD_REQUEST)
      expect(script.lines).toHaveLength(1)
    }
  )

  it("refused, the connection is closed within a while", async () => {
    const server = await serveCentrifuge(transport, { "client.insecure": false })
    const script = await openScript(server)
    await script.say({ id: 1, connect: { token: hs256("secret", { sub: "u", exp: 1 }) } })
    expect(await script.ended).toEqual({ code: 3502, reason: "stale" })
  }, 15_000)
})

describe("a connect command", () => {
  it("may not call itself by too long a name", async () => {
    const server = await serveCentrifuge("uws")
    const fits = await connectScript(server, { name: "n".repeat(16), version: "v".repeat(64) })
    expect(fits.lines).toHaveLength(1)
    for (const connect of [{ name: "n".repeat(17) }, { version: "v".repeat(65) }]) {
      const script = await openScript(server)
      await script.say({ id: 1, connect })
      expect(await script.ended).toEqual(BAD_REQUEST)
    }
  })

  it("has a token that is good, with all that it says", async () => {
    const server = await serveCentrifuge("uws", {
      "client.insecure": false,
      ...withNamespaces({ name: "room", presence: true, allowPresenceForSubscriber: true })
    })
    const token = hs256("secret", {
      sub: "42",
      info: { name: "Ann", big: 1 },
      meta: { secret: true },
      subs: { "room:a": { info: { seat: 1 }, data: { hello: [1] } }, "recovery:b": {} }
    })
    const script = await connectScript(server, { token })
    expect(await script.first(1)).toEqual([
      '{"id":1,"connect":{"client":"ID","version":"VERSION","subs":{"room:a":{"data":{"hello":[1]}},' +
        '"recovery:b":{"positioned":true,"recoverable":true,"epoch":"EPOCH"}},"ping":25,"pong":true}}'
    ])
    await script.say({ id: 2, presence: { channel: "room:a" } })
    const { client } = (await script.reply(1)).connect
    expect((await script.reply(2)).presence).toEqual({
      presence: {
        [client]: { user: "42", client, conn_info: { name: "Ann", big: 1 }, chan_info: { seat: 1 } }
      }
    })
    await script.say({ id: 3, subscribe: { channel: "room:a" } })
    expect((await script.reply(3)).error.code).toBe(105)
  })

  it("is refused with 110 where the connection has expired, and with 102 for a channel that cannot be", async () => {
    const server = await serveCentrifuge("uws", { "client.insecure": false })
    for (const [claims, code] of [
      [{ sub: "u", expire_at: 1 }, 110],
      [{ sub: "u", channels: ["nowhere:a"] }, 102]
    ] as const) {
      const script = await connectScript(server, { token: hs256("secret", claims) })
      expect((await script.reply(1)).error.code).toBe(code)
    }
  })

  it("resumes subscriptions of the server, and gets those that the client could have itself", async () => {
    const server = await serveCentrifuge("uws", {
      "client.insecure": false,
      ...withNamespaces(
        {
          name: "open",
          allowSubscribeForClient: true,
          historySize: 9,
          historyTtl: "1 minute",
          forceRecovery: true
        },
        { name: "closed" }
      )
    })
    const { epoch } = await server.publish("recovery:a", "1")
    await server.publish("recovery:a", "2")
    const token = hs256("secret", { sub: "u", channels: ["recovery:a"] })
    const script = await connectScript(server, {
      token,
      subs: {
        "recovery:a": { recover: true, epoch, offset: 1 },
        "open:a": { recover: true, epoch: "_" },
        "closed:a": {},
        "$open:a": {},
        "nowhere:a": {},
        "": {}
      }
    })
    const { subs } = (await script.reply(1)).connect
    expect(subs).toEqual({
      "recovery:a": {
        positioned: true,
        recoverable: true,
        epoch,
        offset: 1,
        was_recovering: true,
        recovered: true,
        publications: [{ data: 2, offset: 2 }]
      },
      "open:a": { positioned: true, recoverable: true, epoch: expect.any(String), was_recovering: true }
    })
  })
})
