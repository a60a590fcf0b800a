/** The npm client after its connection broke: what it missed comes once and in order, or it is told that it cannot. */
import type { PublicationContext } from "centrifuge"
import { describe, expect, it } from "vitest"
import {
  type CentrifugeServer,
  serveCentrifuge,
  withNamespaces
} from "../../support/centrifuge/centrifugeServer.ts"
import {
  heard,
  makeSdk,
  next,
  type SdkKind,
  sdkKinds,
  subscribed,
  valueOf
} from "../../support/centrifuge/npmClient.ts"
import { TcpLink } from "../../support/centrifuge/TcpLink.ts"
import { hs256 } from "../../support/jwt.ts"

const numbers = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** The JSON of a publication that is much like the one before, and not ASCII. */
const payload = (n: number): string =>
  JSON.stringify({ n, text: `\u00fcber \u{1f600}\u2028 ${"the same \u00e9\u00e9 again ".repeat(8)}${n}` })

/** A client behind a link that can be cut. */
const start = async (server: CentrifugeServer, kind: SdkKind, channel: string, options: object = {}) => {
  const link = await TcpLink.before(server.port)
  const sdk = makeSdk(link.port, kind)
  const subscription = sdk.newSubscription(channel, options)
  const publications = heard<PublicationContext>(subscription, "publication")
  sdk.connect()
  await subscribed(subscription)
  /** Publishes while the client is away, and gives what it is told when it is back. */
  const away = async (publish: () => Promise<unknown>) => {
    const connecting = next(sdk, "connecting")
    const back = next(subscription, "subscribed")
    link.close()
    await connecting
    await publish()
    link.open()
    return back
  }
  const values = async (count: number) => {
    const all = await publications.count(count)
    expect(all.length).toBe(count)
    return all.map(({ data }) => valueOf(data))
  }
  return { sdk, subscription, publications, values, away }
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  describe.each(sdkKinds)("$format over $via", (kind) => {
    it("gets everything that it missed, once and in order, again and again", async () => {
      const server = await serveCentrifuge(transport)
      const publish = async (from: number, to: number) => {
        for (const n of numbers(from, to)) await server.publish("recovery:a", n)
      }
      const { values, away, publications } = await start(server, kind, "recovery:a")
      await publish(1, 3)
      await values(3)
      for (const round of [1, 2, 3]) {
        const first = round * 10
        expect(await away(() => publish(first, first + 5))).toMatchObject({
          wasRecovering: true,
          recovered: true,
          hasRecoveredPublications: true
        })
        await publish(first + 6, first + 7)
        expect((await values(3 + round * 8)).slice(-8)).toEqual(numbers(first, first + 7))
      }
      expect(publications.all.map(({ offset }) => Number(offset))).toEqual(numbers(1, 27))
      expect(await away(async () => {})).toMatchObject({ recovered: true, hasRecoveredPublications: false })
    })

    it("is told where it cannot get everything", async () => {
      const server = await serveCentrifuge(transport)
      const { values, away } = await start(server, kind, "smallhistory:a")
      await server.publish("smallhistory:a", 1)
      await values(1)
      const unrecovered = { wasRecovering: true, recovered: false, hasRecoveredPublications: false }
      const missed = await away(async () => {
        for (const n of [2, 3, 4]) await server.publish("smallhistory:a", n)
      })
      expect(missed).toMatchObject(unrecovered)
      expect(Number(missed.streamPosition.offset)).toBe(4)
      await server.publish("smallhistory:a", 5)
      expect(await values(2)).toEqual([1, 5])
      expect(await away(() => server.publish("smallhistory:a", 6))).toMatchObject({ recovered: true })
      const removed = await away(async () => {
        await server.publish("smallhistory:a", 7)
        await server.removeHistory("smallhistory:a")
      })
      expect(removed).toMatchObject(unrecovered)
      expect(await values(3)).toEqual([1, 5, 6])
    })

    it("recovers no more than may be", async () => {
      const server = await serveCentrifuge(transport, { "client.recoveryMaxPublicationLimit": 5 })
      const { values, away } = await start(server, kind, "recovery:a")
      const publish = (count: number) => async () => {
        for (let n = 0; n < count; n++) await server.publish("recovery:a", n)
      }
      expect(await away(publish(5))).toMatchObject({ recovered: true })
      await values(5)
      expect(await away(publish(6))).toMatchObject({ recovered: false })
    })

    it("reads deltas, before and after", async () => {
      const server = await serveCentrifuge(transport)
      const { values, away } = await start(server, kind, "delta:a", { delta: "fossil" })
      const publish = async (from: number, to: number) => {
        for (const n of numbers(from, to)) await server.publish("delta:a", payload(n), { isDelta: true })
      }
      const expected = (to: number) => numbers(1, to).map((n) => JSON.parse(payload(n)))
      await publish(1, 4)
      expect(await values(4)).toEqual(expected(4))
      expect(await away(() => publish(5, 9))).toMatchObject({ recovered: true })
      await publish(10, 12)
      expect(await values(12)).toEqual(expected(12))
      // Nothing was missed, and the next difference is to nothing that it has.
      expect(await away(async () => {})).toMatchObject({ recovered: true })
      await publish(13, 15)
      expect(await values(15)).toEqual(expected(15))
      await server.publish("delta:a", '"short"', { isDelta: true })
      await server.publish("delta:a", payload(17), { isDelta: false })
      await publish(18, 18)
      expect((await values(18)).slice(15)).toEqual(["short", ...[17, 18].map((n) => JSON.parse(payload(n)))])
    })

    it("resumes subscriptions of the server", async () => {
      const server = await serveCentrifuge(transport, { "client.insecure": false })
      const link = await TcpLink.before(server.port)
      const token = hs256("secret", { sub: "u", channels: ["recovery:a", "smallhistory:a"] })
      const sdk = makeSdk(link.port, kind, { token })
      const publications = heard(sdk, "publication")
      const subscriptions = heard(sdk, "subscribed")
      sdk.connect()
      await subscriptions.count(2)
      await server.publish("recovery:a", 1)
      await server.publish("smallhistory:a", 1)
      await publications.count(2)
      const connecting = next(sdk, "connecting")
      link.close()
      await connecting
      for (const n of [2, 3, 4]) {
        await server.publish("recovery:a", n)
        await server.publish("smallhistory:a", n)
      }
      link.open()
      const back = (await subscriptions.count(4)).slice(2)
      expect(back.map(({ channel, recovered }) => [channel, recovered])).toEqual([
        ["recovery:a", true],
        ["smallhistory:a", false]
      ])
      const values = (await publications.count(5)).slice(2).map(({ data }) => valueOf(data))
      expect(values).toEqual([2, 3, 4])
    })
  })

  it.each(sdkKinds)(
    "$format over $via: what a full mailbox lost is told, and comes all the same",
    async (kind) => {
      const server = await serveCentrifuge(transport, {
        "limits.mailbox": 4,
        ...withNamespaces({ name: "long", historySize: 1000, historyTtl: "1 minute", forceRecovery: true })
      })
      const { subscription, publications } = await start(server, kind, "long:a", {
        minResubscribeDelay: 1,
        maxResubscribeDelay: 5
      })
      const again = heard(subscription, "subscribing")
      for (const n of [1, 3, 5, 7, 9]) {
        await server.publishUnheard("long:a", n)
        // One that comes through shows the gap before it.
        const { offset } = await server.publish("long:a", n + 1)
        await publications.until((all) => Number(all.at(-1)?.offset) === offset)
      }
      await again.until((all) => all.some(({ code }) => code === 2500))
      expect(publications.all.map(({ data }) => valueOf(data))).toEqual(numbers(1, 10))
    }
  )

  const websocket: SdkKind = { format: "JSON", via: "websocket" }

  it("in cache mode only the newest comes, and not twice", async () => {
    const cache = {
      historySize: 10,
      historyTtl: "1 minute",
      forceRecovery: true,
      forceRecoveryMode: "cache"
    }
    const server = await serveCentrifuge(
      transport,
      withNamespaces({ name: "cache", ...cache }, { name: "auto", ...cache, autoCacheRecover: true })
    )
    for (const n of [1, 2, 3]) await server.publish("auto:a", n)
    const auto = await start(server, websocket, "auto:a")
    expect(await auto.values(1)).toEqual([3])
    const { away, values } = await start(server, websocket, "cache:a")
    await server.publish("cache:a", 1)
    await values(1)
    expect(await away(async () => {})).toMatchObject({ recovered: true, hasRecoveredPublications: false })
    const back = await away(async () => {
      for (const n of [2, 3, 4]) await server.publish("cache:a", n)
    })
    expect(back).toMatchObject({ recovered: true, hasRecoveredPublications: true })
    await server.publish("cache:a", 5)
    expect(await values(3)).toEqual([1, 4, 5])
  })

  it("with a tags filter only what it wants comes, and nothing counts as missed", async () => {
    const server = await serveCentrifuge(
      transport,
      withNamespaces({
        name: "tags",
        allowTagsFilter: true,
        historySize: 100,
        historyTtl: "1 minute",
        forceRecovery: true
      })
    )
    const tagsFilter = {
      op: "and",
      nodes: [
        { key: "even", cmp: "eq", val: "true" },
        { key: "n", cmp: "gt", val: "3" }
      ]
    }
    const { away, values, publications } = await start(server, websocket, "tags:a", { tagsFilter })
    const publish = async (from: number, to: number) => {
      for (const n of numbers(from, to))
        await server.publish("tags:a", n, { tags: { even: String(n % 2 === 0), n: String(n) } })
    }
    await publish(1, 9)
    expect(await values(3)).toEqual([4, 6, 8])
    expect(await away(() => publish(10, 15))).toMatchObject({ recovered: true })
    await publish(16, 18)
    expect(await values(8)).toEqual([4, 6, 8, 10, 12, 14, 16, 18])
    expect(publications.all.map(({ offset }) => offset)).toEqual([4, 6, 8, 10, 12, 14, 16, 18])
  })

  it("goes on from where an application says, which it asks again where that is too long ago", async () => {
    const server = await serveCentrifuge(transport)
    const { epoch } = await server.publish("smallhistory:a", 1)
    for (const n of [2, 3, 4]) await server.publish("smallhistory:a", n)
    const asked: Array<number> = []
    const getState = async () => {
      asked.push(asked.length)
      return { offset: asked.length === 1 ? 1 : 3, epoch }
    }
    const { values, away } = await start(server, websocket, "smallhistory:a", {
      getState,
      minResubscribeDelay: 1,
      maxResubscribeDelay: 5
    })
    expect(asked).toHaveLength(2)
    expect(await values(1)).toEqual([4])
    expect(await away(() => server.publish("smallhistory:a", 5))).toMatchObject({ recovered: true })
    expect(await values(2)).toEqual([4, 5])
    const since = await start(server, websocket, "smallhistory:a", { since: { offset: 3, epoch } })
    expect(await since.values(2)).toEqual([4, 5])
  })
})
