/** The npm client as the judge: everything that it can do, in both encodings and over all transports. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import {
  connected,
  dataFor,
  heard,
  makeSdk,
  next,
  sdkKinds,
  subscribed,
  valueOf
} from "../../support/centrifuge/npmClient.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  describe.each(sdkKinds)("$format over $via", (kind) => {
    const data = (value: unknown) => dataFor(kind, value)

    it("connects, disconnects and comes back", async () => {
      const server = await serveCentrifuge(transport)
      const sdk = makeSdk(server.port, kind, { data: data({ hello: 1 }), name: "test", version: "1" })
      const first = await connected(sdk)
      expect(first).toMatchObject({ client: expect.stringMatching(/^[0-9a-f-]{36}$/), transport: kind.via })
      await sdk.ready()
      const disconnected = next(sdk, "disconnected")
      sdk.disconnect()
      expect(await disconnected).toEqual({ code: 0, reason: "disconnect called" })
      const second = await connected(sdk)
      expect(second.client).not.toBe(first.client)
    })

    it("subscribes, publishes, hears itself, leaves, and subscribes again", async () => {
      const server = await serveCentrifuge(transport)
      const sdk = makeSdk(server.port, kind)
      sdk.connect()
      const subscription = sdk.newSubscription("news", { joinLeave: true })
      const publications = heard(subscription, "publication")
      const joins = heard(subscription, "join")
      expect(await subscribed(subscription)).toMatchObject({
        channel: "news",
        recoverable: true,
        positioned: true,
        wasRecovering: false,
        recovered: false,
        streamPosition: { offset: 0, epoch: expect.stringMatching(/^[a-zA-Z]{8}$/) }
      })
      const { client } = await connected(makeSdk(server.port, kind))
      expect(client).toBeDefined()
      for (let n = 1; n <= 3; n++) await subscription.publish(data({ n, text: "caf\u00e9 \u{1f600}" }))
      await sdk.publish("news", data(null))
      const got = await publications.count(4)
      expect(got.map(({ offset }) => Number(offset))).toEqual([1, 2, 3, 4])
      expect(got.map((one) => valueOf(one.data))).toEqual([
        { n: 1, text: "caf\u00e9 \u{1f600}" },
        { n: 2, text: "caf\u00e9 \u{1f600}" },
        { n: 3, text: "caf\u00e9 \u{1f600}" },
        null
      ])
      expect(got[0].info.client).toBe((await joins.count(1))[0].info.client)
      const unsubscribed = next(subscription, "unsubscribed")
      subscription.unsubscribe()
      expect(await unsubscribed).toEqual({ channel: "news", code: 0, reason: "unsubscribe called" })
      await server.publish("news", '"missed"')
      expect(await subscribed(subscription)).toMatchObject({ wasRecovering: true, recovered: true })
      expect(valueOf((await publications.count(5))[4].data)).toBe("missed")
      await server.publish("news", '"live"')
      expect(valueOf((await publications.count(6))[5].data)).toBe("live")
    })

    it("hears of others that come and go", async () => {
      const server = await serveCentrifuge(transport)
      const [one, other] = [makeSdk(server.port, kind), makeSdk(server.port, kind)]
      const subscription = one.newSubscription("room")
      const joins = heard(subscription, "join")
      const leaves = heard(subscription, "leave")
      const mine = await connected(one)
      await subscribed(subscription)
      const theirs = await connected(other)
      const second = other.newSubscription("room")
      await subscribed(second)
      expect((await joins.count(2)).map(({ info }) => info.client)).toEqual([mine.client, theirs.client])
      const found = await subscription.presence()
      expect(Object.keys(found.clients).sort()).toEqual([mine.client, theirs.client].sort())
      expect(found.clients[mine.client]).toMatchObject({ user: "", client: mine.client })
      expect(await one.presenceStats("room")).toEqual({ numClients: 2, numUsers: 1 })
      second.unsubscribe()
      expect((await leaves.count(1))[0].info.client).toBe(theirs.client)
      await subscribed(second)
      await joins.count(3)
      other.disconnect()
      expect((await leaves.count(2))[1].info.client).toBe(theirs.client)
      expect(await subscription.presenceStats()).toEqual({ numClients: 1, numUsers: 1 })
    })

    it("reads history forth and back", async () => {
      const server = await serveCentrifuge(transport)
      for (let n = 1; n <= 10; n++) await server.publish("log", `${n}`, { tags: { n: `${n}` } })
      const sdk = makeSdk(server.port, kind)
      await connected(sdk)
      const read = async (options: object) => {
        const { publications, offset, epoch } = await sdk.history("log", options as never)
        expect(Number(offset)).toBe(10)
        expect(publications.map((one) => Number(one.offset))).toEqual(
          publications.map((one) => valueOf(one.data))
        )
        if (publications.length > 0)
          expect(publications[0]!.tags).toEqual({ n: `${publications[0]!.offset}` })
        return { epoch, found: publications.map((one) => valueOf(one.data)) }
      }
      const { epoch, found } = await read({ limit: 0 })
      expect(found).toEqual([])
      expect((await read({ limit: -1 })).found).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      expect((await read({ limit: 3 })).found).toEqual([1, 2, 3])
      expect((await read({ limit: 3, reverse: true })).found).toEqual([10, 9, 8])
      expect((await read({ limit: 3, since: { offset: 5, epoch } })).found).toEqual([6, 7, 8])
      expect((await read({ limit: 3, since: { offset: 5, epoch }, reverse: true })).found).toEqual([4, 3, 2])
      expect((await read({ limit: -1, since: { offset: 10, epoch } })).found).toEqual([])
      await expect(
        sdk.history("log", { limit: 1, since: { offset: 1, epoch: "other" } })
      ).rejects.toMatchObject({
        code: 112
      })
      await expect(sdk.presence("recovery:log")).rejects.toMatchObject({ code: 108 })
      await expect(sdk.history("nowhere:log")).rejects.toMatchObject({ code: 102 })
    })

    it("calls procedures", async () => {
      const backend = await HttpBackend.start(json({ result: { data: { year: 2024 } } }))
      const server = await serveCentrifuge(transport, {
        "rpc.proxy": { endpoint: backend.url },
        "rpc.withoutNamespace": { proxyEnabled: true },
        "rpc.namespaces": [{ name: "off" }]
      })
      const sdk = makeSdk(server.port, kind)
      await connected(sdk)
      expect(valueOf((await sdk.rpc("year", data({ of: "x" }))).data)).toEqual({ year: 2024 })
      expect(JSON.parse(backend.requests.all[0]!.text)).toMatchObject({
        method: "year",
        transport: kind.via,
        protocol: kind.format === "JSON" ? "json" : "protobuf",
        data: { of: "x" }
      })
      backend.answer = json({ error: { code: 1000, message: "no" } })
      await expect(sdk.rpc("year", data({}))).rejects.toMatchObject({ code: 1000, message: "no" })
      await expect(sdk.rpc("nowhere:year", data({}))).rejects.toMatchObject({ code: 104 })
      await expect(sdk.rpc("off:year", data({}))).rejects.toMatchObject({ code: 108 })
    })

    it("hears channels that the server subscribes it to", async () => {
      const server = await serveCentrifuge(transport, {
        "client.insecure": false,
        ...withNamespaces({ name: "joins", presence: true, joinLeave: true, forcePushJoinLeave: true })
      })
      const token = hs256("secret", { sub: "u", subs: { "recovery:a": { data: { seat: 1 } } } })
      const sdk = makeSdk(server.port, kind, { token })
      const on = (event: string) => heard(sdk, event)
      const [subs, publications, joins] = [on("subscribed"), on("publication"), on("join")]
      const [unsubs, ends] = [on("unsubscribed"), on("disconnected")]
      await connected(sdk)
      expect((await subs.count(1))[0]).toMatchObject({ channel: "recovery:a", recoverable: true })
      expect(valueOf(subs.all[0].data)).toEqual({ seat: 1 })
      await server.control({ _tag: "Subscribe", user: "u", channel: "joins:b", data: Buffer.from('"hi"') })
      expect(valueOf((await subs.count(2))[1].data)).toBe("hi")
      expect((await joins.count(1))[0]).toMatchObject({ channel: "joins:b", info: { user: "u" } })
      await server.publish("recovery:a", "1", { tags: { a: "b" } })
      expect((await publications.count(1))[0]).toMatchObject({ channel: "recovery:a", tags: { a: "b" } })
      await server.control({ _tag: "Unsubscribe", user: "u", channel: "joins:b" })
      expect((await unsubs.count(1))[0]).toEqual({ channel: "joins:b" })
      await server.control({ _tag: "Disconnect", user: "u", code: 4500, reason: "for good", whitelist: [] })
      expect((await ends.count(1))[0]).toEqual({ code: 4500, reason: "for good" })
    })
  })
})
