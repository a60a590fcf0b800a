/** The three unidirectional transports by hand: bare pushes, and ends that say why. */
import { describe, expect, it } from "vitest"
import {
  type CentrifugeServer,
  serveCentrifuge,
  withNamespaces
} from "../../support/centrifuge/centrifugeServer.ts"
import { openStream } from "../../support/centrifuge/HttpStream.ts"
import { masked, openScript } from "../../support/centrifuge/Script.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"

/** What all three have in common: lines, and the end. */
interface UniClient {
  readonly first: (count: number) => Promise<ReadonlyArray<string>>
  /** The lines when it has ended. */
  readonly whole: () => Promise<ReadonlyArray<string>>
}

type Open = (server: CentrifugeServer, request: string) => Promise<UniClient>

const overStream =
  (path: string, method: string): Open =>
  async ({ port }, request) => {
    const isGet = method === "GET"
    const address = isGet ? `${path}?cf_connect=${encodeURIComponent(request)}` : path
    const stream = await openStream(port, address, isGet ? { method } : { body: request })
    return {
      first: async (count) => (await stream.first(count)).map(masked),
      whole: async () => {
        await stream.ended
        return stream.lines.map(masked)
      }
    }
  }

const overWebSocket =
  (isQuery: boolean): Open =>
  async (server, request) => {
    const query = isQuery ? `?cf_connect=${encodeURIComponent(request)}` : ""
    const script = await openScript(server, { path: `/connection/uni_websocket${query}` })
    if (!isQuery) await script.say(request)
    return {
      first: (count) => script.first(count),
      whole: async () => {
        const { code, reason } = await script.ended
        // The close frame says the same as the push before it.
        expect(JSON.parse(script.lines.at(-1)!).disconnect).toEqual({ code, reason })
        return script.lines.map(masked)
      }
    }
  }

const kinds: ReadonlyArray<[string, Open]> = [
  ["uni_websocket", overWebSocket(false)],
  ["uni_websocket?cf_connect", overWebSocket(true)],
  ["uni_sse", overStream("/connection/uni_sse", "POST")],
  ["uni_sse?cf_connect", overStream("/connection/uni_sse", "GET")],
  ["uni_http_stream", overStream("/connection/uni_http_stream", "POST")]
]

const STRICT = { "client.insecure": false }
const disconnect = (code: number, reason: string) => `{"disconnect":{"code":${code},"reason":"${reason}"}}`

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  describe.each(kinds)("%s", (_, open) => {
    it("begins with a connect push, goes on with bare pushes, and ends with why", async () => {
      const server = await serveCentrifuge(transport, {
        ...STRICT,
        ...withNamespaces({ name: "joins", joinLeave: true, forcePushJoinLeave: true })
      })
      const token = hs256("secret", { sub: "u", info: { a: 1 }, channels: ["recovery:a", "joins:a"] })
      const client = await open(server, JSON.stringify({ token, name: "uni" }))
      await client.first(2)
      await server.publish("recovery:a", '{"b" : 12345678901234567890}')
      await client.first(3)
      await server.control({ _tag: "Unsubscribe", user: "u", channel: "joins:a" })
      await server.control({ _tag: "Subscribe", user: "u", channel: "recovery:b", data: Buffer.from("[2]") })
      await server.control({ _tag: "Refresh", user: "u", isExpired: false })
      await client.first(6)
      await server.control({
        _tag: "Disconnect",
        user: "u",
        code: 3503,
        reason: "force disconnect",
        whitelist: []
      })
      expect(await client.whole()).toEqual([
        '{"connect":{"client":"ID","version":"VERSION","subs":{"recovery:a":{"positioned":true,"recoverable":true,' +
          '"epoch":"EPOCH"},"joins:a":{}},"ping":25,"session":"ID","node":"ID"}}',
        '{"channel":"joins:a","join":{"info":{"user":"u","client":"ID","conn_info":{"a":1}}}}',
        '{"channel":"recovery:a","pub":{"data":{"b" : 12345678901234567890},"offset":1,"epoch":"EPOCH"}}',
        '{"channel":"joins:a","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}',
        '{"channel":"recovery:b","subscribe":{"recoverable":true,"epoch":"EPOCH","positioned":true,"data":[2]}}',
        '{"refresh":{}}',
        disconnect(3503, "force disconnect")
      ])
    })

    it("needs no words where anybody may connect", async () => {
      const server = await serveCentrifuge(transport)
      for (const request of ["{}", "null", '{"id":1}'])
        expect((await (await open(server, request)).first(1))[0]).toMatch(/^\{"connect":\{"client":"ID"/)
    })

    it("has errors of connecting as ends", async () => {
      const backend = await HttpBackend.start(json({}))
      const server = await serveCentrifuge(transport, {
        ...STRICT,
        "client.proxy.connect": { enabled: true, endpoint: backend.url }
      })
      const expired = JSON.stringify({ token: hs256("secret", { sub: "u", exp: 1 }) })
      const over = JSON.stringify({ token: hs256("secret", { sub: "u", expire_at: 1 }) })
      const unknown = JSON.stringify({ token: hs256("secret", { sub: "u", channels: ["nowhere:a"] }) })
      for (const request of [expired, over])
        expect(await (await open(server, request)).whole()).toEqual([disconnect(3005, "connection expired")])
      expect(await (await open(server, unknown)).whole()).toEqual([disconnect(3004, "internal server error")])
      expect(await (await open(server, '{"token":"x"}')).whole()).toEqual([disconnect(3500, "invalid token")])
      backend.answer = json({ error: { code: 1000, message: "no" } })
      expect(await (await open(server, "{}")).whole()).toEqual([disconnect(3004, "internal server error")])
      backend.answer = json({ disconnect: { code: 4501, reason: "banned" } })
      expect(await (await open(server, "{}")).whole()).toEqual([disconnect(4501, "banned")])
    })

    it("goes on where it was, in channels that it could have itself", async () => {
      const server = await serveCentrifuge(transport, {
        "client.insecure": false,
        "client.allowAnonymousConnectWithoutToken": true,
        ...withNamespaces({
          name: "open",
          allowSubscribeForClient: true,
          allowSubscribeForAnonymous: true,
          historySize: 9,
          historyTtl: "1 minute",
          forceRecovery: true
        })
      })
      const { epoch } = await server.publish("open:a", "1")
      await server.publish("open:a", "2")
      const subs = { "open:a": { recover: true, epoch, offset: 1 }, "recovery:a": {} }
      const [line] = await (await open(server, JSON.stringify({ subs }))).first(1)
      expect(JSON.parse(line!).connect.subs).toEqual({
        "open:a": {
          positioned: true,
          recoverable: true,
          epoch: "EPOCH",
          offset: 1,
          was_recovering: true,
          recovered: true,
          publications: [{ data: 2, offset: 2 }]
        }
      })
    })
  })

  it("what is no connect request is refused", async () => {
    const server = await serveCentrifuge(transport)
    const script = await openScript(server, { path: "/connection/uni_websocket" })
    await script.say("hello")
    expect(await script.ended).toEqual({ code: 3501, reason: "bad request" })
    await expect(openScript(server, { path: "/connection/uni_websocket?cf_connect=x" })).rejects.toThrow(
      "400"
    )
    const silent = await serveCentrifuge(transport, { "client.staleCloseDelay": "50 ms" })
    const stale = await openScript(silent, { path: "/connection/uni_websocket" })
    expect((await stale.ended).code).toBe(3502)
  })

  it("a WebSocket has one push in a frame, or several, and no disconnect push where that is off", async () => {
    for (const isJoined of [false, true]) {
      const server = await serveCentrifuge(transport, {
        ...STRICT,
        "uniWebsocket.joinPushMessages": isJoined,
        "uniWebsocket.disableDisconnectPush": isJoined
      })
      const script = await openScript(server, { path: "/connection/uni_websocket" })
      await script.say({ token: hs256("secret", { sub: "u", channels: ["recovery:a"] }) })
      await script.first(1)
      await Promise.all([1, 2, 3].map((n) => server.publish("recovery:a", n)))
      await script.first(4)
      expect(script.frames).toHaveLength(isJoined ? 2 : 4)
      await server.control({ _tag: "Disconnect", user: "u", code: 4000, reason: "", whitelist: [] })
      expect((await script.ended).code).toBe(4000)
      expect(script.lines).toHaveLength(isJoined ? 4 : 5)
    }
  })
})
