/** Two nodes as processes of their own: what the server API says and does goes over both. */
import type { PublicationContext } from "centrifuge"
import { describe, expect, it } from "vitest"
import {
  connected,
  heard,
  makeSdk,
  next,
  type SdkKind,
  subscribed
} from "../../support/centrifuge/npmClient.ts"
import { NodeProcess, natsForTest, startNodeProcesses, tokenOf } from "../../support/cluster/nodeProcesses.ts"
import { noNatsServer } from "../../support/nats/NatsServer.ts"
import { connect } from "../../support/server/clients.ts"

const JSON_WEBSOCKET: SdkKind = { format: "JSON", via: "websocket" }

/** A client of a user, who is called as its node, that hears "news". */
const listener = async ({ name, port }: NodeProcess) => {
  const sdk = makeSdk(port, JSON_WEBSOCKET, { token: tokenOf(name) })
  const subscription = sdk.newSubscription("news")
  const publications = heard<PublicationContext>(subscription, "publication")
  const { client } = await connected(sdk)
  await subscribed(subscription)
  return { sdk, client: client as string, publications }
}

const rawTo = ({ port }: NodeProcess) => connect(`ws://127.0.0.1:${port}/`)

const workers = (count: number) => ["--server.workers", String(count)]

describe.skipIf(noNatsServer !== undefined)(`nodes as processes ${noNatsServer ?? ""}`, () => {
  it.each([0, 2])(
    "info, presence, channels and commands go over all of them (%i workers)",
    async (count) => {
      const nats = await natsForTest()
      const [a, b] = (await startNodeProcesses(2, nats, workers(count))) as [NodeProcess, NodeProcess]
      const here = await listener(a)
      const there = await listener(b)
      const names = count === 0 ? ["a", "b"] : ["a/worker-0", "a/worker-1", "b/worker-0", "b/worker-1"]
      for (const node of [a, b]) {
        const { nodes } = await node.api("info")
        expect(nodes.map(({ name }: { name: string }) => name).sort()).toEqual(names)
        expect(Object.keys((await node.api("presence", { channel: "news" })).presence).sort()).toEqual(
          [here.client, there.client].sort()
        )
        expect(await node.api("presence_stats", { channel: "news" })).toEqual({
          num_clients: 2,
          num_users: 2
        })
        expect((await node.api("channels")).channels).toEqual({ news: { num_clients: 2 } })
      }
      const ended = next(there.sdk, "disconnected")
      await a.api("disconnect", { user: "b", client: there.client })
      expect(await ended).toMatchObject({ code: 3503 })
      expect(here.sdk.state).toBe("connected")
      // A node that dies takes its clients with it.
      const gone = a.sees("b", false)
      b.server.kill("SIGKILL")
      await gone
      expect((await a.api("info")).nodes.length).toBe(names.length / 2)
      expect(Object.keys((await a.api("presence", { channel: "news" })).presence)).toEqual([here.client])
    },
    120_000
  )

  it.each([0, 2])(
    "receipts count the connections of all, every node finds them, and clients of all acknowledge them (%i workers)",
    async (count) => {
      const nats = await natsForTest()
      const [a, b] = (await startNodeProcesses(2, nats, workers(count))) as [NodeProcess, NodeProcess]
      const listeners = [await listener(a), await listener(b), await listener(b)]
      const raws = [await rawTo(a), await rawTo(b)]
      await a.api("publish", { channel: "news", data: "x", receipt: "one" })
      for (const { publications } of listeners) expect((await publications.count(1))[0]!.data).toBe("x")
      const inChannel = await complete(a, "one")
      expect(inChannel).toMatchObject({ eligible: 3, written: 3, node: "a", isComplete: true })
      expect(inChannel.missing).toBeUndefined()
      expect(await complete(b, "one")).toMatchObject({ eligible: 3, node: "a" })
      const foreign = inChannel.workers.filter(({ worker }: { worker: string }) => worker.startsWith("b"))
      expect(foreign.reduce((sum: number, { written }: { written: number }) => sum + written, 0)).toBe(2)

      // What raw connections hear comes from the broker, and is for everyone.
      await b.api("publish", { channel: "broadcast", data: "y", receipt: "all" })
      for (const raw of raws) expect(await raw.messages.count(1)).toEqual(["y"])
      expect(await complete(a, "all")).toMatchObject({ written: 2, node: "b" })
      for (const raw of raws) await raw.send(JSON.stringify({ ack: "all" }))
      await acknowledged(b, "all", 2)
      const { receipts } = await a.get("/api/receipts")
      expect(receipts.map(({ id }: { id: string }) => id)).toEqual(["all", "one"])
    },
    120_000
  )

  it("commands of a one-way client may come to another node", async () => {
    const nats = await natsForTest()
    const [a, b] = (await startNodeProcesses(2, nats)) as [NodeProcess, NodeProcess]
    const sdk = makeSdk(
      a.port,
      { format: "JSON", via: "http_stream" },
      { emulationEndpoint: `http://127.0.0.1:${b.port}/emulation`, token: tokenOf("a") }
    )
    const subscription = sdk.newSubscription("news")
    const publications = heard<PublicationContext>(subscription, "publication")
    await connected(sdk)
    await subscribed(subscription)
    await b.api("publish", { channel: "news", data: 1 })
    expect((await publications.count(1))[0]!.data).toBe(1)
  }, 120_000)

  it("the gate counts the connections of all, and one node sends for all", async () => {
    const nats = await natsForTest()
    const timer = [
      ...["--onlyTestConnect", "false", "--totalSize", "2"],
      ...["--sending.timer.delay", "100 ms", "--sending.timer.interval", "200 ms"]
    ]
    const [a, b] = (await startNodeProcesses(2, nats, timer)) as [NodeProcess, NodeProcess]
    const raws = [await rawTo(a), await rawTo(b)]
    const [one, other] = await Promise.all(raws.map((raw) => raw.messages.count(3)))
    expect(one!.every((text) => /^\d{13}$/.test(String(text)))).toBe(true)
    expect(other).toEqual(one)
    const senders = [a, b].filter(({ server }) =>
      server.lines.all.some((line) => line.startsWith("send msg to channels"))
    )
    expect(senders.length).toBe(1)
  }, 120_000)

  it("nodes that are configured otherwise, and several of one name, are in the log and in /health", async () => {
    const nats = await natsForTest()
    const history = (size: string) => [
      ...[
        "--channels.withoutNamespace.historySize",
        size,
        "--channels.withoutNamespace.historyTtl",
        "1 minute"
      ]
    ]
    const a = await NodeProcess.start("a", nats, history("10"))
    expect(await a.get("/health")).toMatchObject({ status: "ok" })
    const twins = [
      await NodeProcess.start("b", nats, history("10")),
      await NodeProcess.start("b", nats, history("5"))
    ]
    await a.server.lines.first((line) => line.startsWith("several nodes are called b:"))
    const { status, problems } = await a.get("/health")
    expect(status).toBe("degraded")
    expect(problems).toEqual([
      expect.stringMatching(/^nodes configured otherwise .*: b$/),
      expect.stringMatching(/^several nodes have one name, .*: b$/)
    ])
    expect(
      a.server.lines.all.filter((line) => line.startsWith("node b is configured otherwise"))
    ).toHaveLength(1)
    for (const { server } of twins)
      await server.lines.first((line) => line.startsWith("several nodes are called b:"))
    // A node that is started again has the name of its former life, which is not there any more.
    for (const { server } of twins) server.kill("SIGKILL")
    const c = await NodeProcess.start("b", nats, history("10"))
    await a.server.lines.first((line) => line.startsWith("node b is gone"))
    expect(c.server.lines.all.some((line) => line.startsWith("several nodes are called"))).toBe(false)
  }, 120_000)

  it("while NATS is away nodes are degraded, and what cannot be said to all is refused", async () => {
    const nats = await natsForTest()
    const [a, b] = (await startNodeProcesses(2, nats)) as [NodeProcess, NodeProcess]
    expect(await a.get("/health")).toMatchObject({ status: "ok" })
    const here = await listener(a)
    const isLost = a.server.lines.first((line) => line.startsWith("the connection to NATS"))
    await nats.kill()
    await isLost
    // Of the other node is not known what it does.
    expect(a.server.lines.all.filter((line) => line.startsWith("node b is gone"))).toEqual([])
    expect(await a.get("/health")).toMatchObject({
      status: "degraded",
      problems: ["there is no connection to NATS"]
    })
    expect(await a.get("/ready")).toMatchObject({ ready: true, connections: 1 })
    expect((await a.error("presence", { channel: "news" })).code).toBe(100)
    expect((await a.error("disconnect", { user: "a", client: here.client })).code).toBe(100)
    expect((await a.error("publish", { channel: "news", data: 1 })).code).toBe(100)
    expect(here.sdk.state).toBe("connected")
    const back = a.server.lines.first((line) => line.includes("connected to NATS") && line.includes("again"))
    await nats.start()
    await back
    expect(await a.get("/health")).toMatchObject({ status: "ok" })
    expect(b.port).toBeGreaterThan(0)
  }, 120_000)
})

/** The receipt when it is final: what is final does not change, and what is not is looked at again. */
const complete = (node: NodeProcess, id: string) =>
  until(
    () => node.get(`/api/receipts/${id}`),
    ({ isComplete }) => isComplete === true
  )

const acknowledged = (node: NodeProcess, id: string, count: number) =>
  until(
    () => node.get(`/api/receipts/${id}`),
    ({ acked }) => acked === count
  )

/** Asks again, as nothing tells when it is so; each answer takes a turn of the server. */
// biome-ignore lint/suspicious/noExplicitAny: whatever is asked for
const until = async (read: () => Promise<any>, isSo: (found: any) => boolean): Promise<any> => {
  for (;;) {
    const found = await read()
    if (isSo(found)) return found
  }
}
