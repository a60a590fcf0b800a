/** How the npm client gets to a server: its list of transports, its first frame, tokens that it fetches, and what it does after an end. */
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import {
  connected,
  dataFor,
  endpointOf,
  heard,
  makeSdk,
  next,
  type SdkKind,
  sdkKinds,
  subscribed
} from "../../support/centrifuge/npmClient.ts"
import { freePort } from "../../support/client/servers.ts"
import { hs256 } from "../../support/jwt.ts"
import { Heard } from "../../support/server/Heard.ts"

const websocket: SdkKind = { format: "JSON", via: "websocket" }
const STRICT = { "client.insecure": false, "channels.withoutNamespace.allowPublishForClient": true }
const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("falls back from WebSocket to HTTP stream to SSE", async () => {
    const server = await serveCentrifuge(transport)
    const nobody = await freePort()
    const lists = [["websocket", "http_stream", "sse"], ["http_stream", "sse"], ["sse"]] as const
    for (const [at, names] of lists.entries()) {
      // The first ones are at a port where nobody listens.
      const dead = lists[0].slice(0, at).map((via) => endpointOf(nobody, via))
      const sdk = makeSdk(server.port, websocket, {}, [
        ...dead,
        ...names.map((via) => endpointOf(server.port, via))
      ])
      expect(await connected(sdk)).toMatchObject({ transport: names[0] })
      const subscription = sdk.newSubscription("a")
      await subscribed(subscription)
      const publication = next(subscription, "publication")
      await subscription.publish({ at })
      expect((await publication).data).toEqual({ at })
      sdk.disconnect()
    }
  })

  it("falls back where a server has the transport off", async () => {
    const server = await serveCentrifuge(transport, {
      "websocket.enabled": false,
      "httpStream.enabled": false
    })
    const names = ["http_stream", "sse"] as const
    const sdk = makeSdk(
      server.port,
      websocket,
      {},
      names.map((via) => endpointOf(server.port, via))
    )
    expect(await connected(sdk)).toMatchObject({ transport: "sse" })
  })

  it("fetches tokens, and refreshes them in time, over all transports", async () => {
    const server = await serveCentrifuge(transport, STRICT)
    const live = async (kind: SdkKind) => {
      const [connections, subscriptions] = [new Heard<number>(), new Heard<number>()]
      const sdk = makeSdk(server.port, kind, {
        getToken: async () => {
          connections.add(1)
          // The first one has expired already.
          const exp = inSeconds([-1, 2][connections.all.length - 1] ?? 3600)
          return hs256("secret", { sub: "u", exp })
        }
      })
      const errors = heard(sdk, "error")
      const subscription = sdk.newSubscription("$private", {
        getToken: async ({ channel }) => {
          subscriptions.add(1)
          const exp = inSeconds(subscriptions.all.length === 1 ? 2 : 3600)
          return hs256("secret", { sub: "u", channel, exp })
        }
      })
      sdk.connect()
      await subscribed(subscription)
      expect(errors.all.map(({ error }) => error.code)).toEqual([109])
      await Promise.all([connections.count(3), subscriptions.count(2)])
      await sdk.publish("$private", dataFor(kind, "after"))
      expect([sdk.state, subscription.state]).toEqual(["connected", "subscribed"])
      expect(errors.all).toHaveLength(1)
    }
    await Promise.all(sdkKinds.map(live))
  })
})

describe("the npm client", () => {
  it("says in one frame that it connects and what it subscribes to", async () => {
    const server = await serveCentrifuge("uws")
    const sent: Array<string> = []
    class Tapped extends WebSocket {
      override send(data: string): void {
        sent.push(String(data))
        super.send(data)
      }
    }
    const sdk = makeSdk(server.port, websocket, { websocket: Tapped })
    const all = ["a", "b", "recovery:c"].map((channel) => sdk.newSubscription(channel))
    const done = all.map((subscription) => subscribed(subscription))
    sdk.connect()
    await Promise.all(done)
    expect(sent).toHaveLength(1)
    expect(sent[0]!.split("\n").map((line) => Object.keys(JSON.parse(line))[0])).toEqual([
      "connect",
      "subscribe",
      "subscribe",
      "subscribe"
    ])
  })

  it.each([
    [3500, "invalid token", "disconnected"],
    [3503, "force disconnect", "disconnected"],
    [4500, "banned", "disconnected"],
    [3011, "force reconnect", "connecting"],
    [4000, "again", "connecting"],
    [3001, "shutdown", "connecting"]
  ])("after %i %s is %s", async (code, reason, state) => {
    const server = await serveCentrifuge("uws")
    for (const kind of sdkKinds) {
      const sdk = makeSdk(server.port, kind)
      await connected(sdk)
      const event = next(sdk, state)
      await server.control({ _tag: "Disconnect", user: "", code, reason, whitelist: [] })
      expect(await event).toEqual({ code, reason })
      sdk.disconnect()
    }
  })

  it("subscribes again by itself after some ends of a subscription, and not after others", async () => {
    const server = await serveCentrifuge("uws")
    const sdk = makeSdk(server.port, websocket)
    const subscription = sdk.newSubscription("recovery:a")
    sdk.connect()
    await subscribed(subscription)
    const ended = next(subscription, "unsubscribed")
    await server.control({ _tag: "Unsubscribe", user: "", channel: "recovery:a" })
    expect(await ended).toMatchObject({ code: 2000, reason: "server unsubscribe" })
  })

  it("is told of errors that last", async () => {
    const server = await serveCentrifuge("uws", { "client.insecure": false })
    const refused = makeSdk(server.port, websocket)
    const ended = next(refused, "disconnected")
    refused.connect()
    expect(await ended).toEqual({ code: 3501, reason: "bad request" })
    const sdk = makeSdk(server.port, websocket, { token: hs256("secret", { sub: "u" }) })
    sdk.connect()
    for (const [channel, code] of [
      ["a", 103],
      ["nowhere:a", 102],
      ["caf\u00e9", 107]
    ] as const) {
      const subscription = sdk.newSubscription(channel)
      const unsubscribed = next(subscription, "unsubscribed")
      subscription.subscribe()
      expect(await unsubscribed).toMatchObject({ code })
    }
    await expect(sdk.publish("a", 1)).rejects.toMatchObject({ code: 103 })
  })
})
