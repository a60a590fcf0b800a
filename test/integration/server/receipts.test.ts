/** Receipts and acknowledgements over real sockets, in one process. */
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { makeSdk } from "../../support/centrifuge/npmClient.ts"
import { look } from "../../support/processes/running.ts"
import { ask } from "../../support/server/ask.ts"
import { connect, connectMany } from "../../support/server/clients.ts"
import { addsUp, type Served, serve, type TransportName } from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const ACKS = { "receipts.acknowledgement": true }

const api = async (served: Served, method: string, params: object) => {
  const asked = { method: "POST", headers: { "x-api-key": "test-api-key" }, body: JSON.stringify(params) }
  return (await ask(served.port, `/api/${method}`, asked)).body
}

/** Settles when so many connections have acknowledged it. */
const acked = async (served: Served, id: string, connections: number) => {
  while ((await served.receipt(id))?.acked !== connections) await look()
}

describe.each<TransportName>(["uws", "ws"])("receipts over %s", (transport) => {
  const on = { "server.transport": transport }

  it("say what became of a broadcast, also later, and after a restart", async () => {
    const store = { "store.path": temporaryFolder() }
    const served = await serve({ ...on, ...store })
    const clients = await connectMany(served.url(), 5)
    const receipt = await served.broadcast("hello", { id: "b1" })
    for (const { messages } of clients) await messages.count(1)
    expect(receipt).toMatchObject({
      id: "b1",
      kind: "broadcast",
      channels: ["broadcast"],
      eligible: 5,
      written: 5,
      drops: { slow: 0, mailbox: 0 },
      isComplete: true,
      acked: 0,
      workers: []
    })
    expect(receipt.timeToLastWriteMs).toBeGreaterThanOrEqual(0)
    expect(await served.receipt("b1")).toEqual(receipt)
    await served.stop()
    const again = await serve({ ...on, ...store })
    expect(await again.receipt("b1")).toEqual(receipt)
    expect(await again.receipt("b2")).toBeUndefined()
  })

  it("of the server API say what became of a publication in a channel, and of what everyone hears", async () => {
    const { served } = await serveCentrifuge(transport)
    const [everyone] = await connectMany(served.url(), 3)
    const subscriber = await connect(served.url("/?channels=a,recovery:b"))
    const answer = await api(served, "broadcast", {
      channels: ["a", "recovery:b", "nobody"],
      data: 1,
      receipt: "r"
    })
    expect(answer).toContain('"receipt":"r"')
    await subscriber.messages.count(2)
    while ((await served.receipt("r"))?.isComplete !== true) await look()
    expect(await served.receipt("r")).toMatchObject({ channelCount: 3, eligible: 2, written: 2, closed: 0 })
    const toAll = JSON.parse(
      await api(served, "publish", { channel: "broadcast", data: "all", receipt: true })
    )
    await everyone!.messages.first((text) => text === "all")
    const receipt = await served.receipt(toAll.result.receipt)
    expect(receipt).toMatchObject({ eligible: 3, channels: ["broadcast"] })
    expect(addsUp(receipt!)).toBe(true)
  })

  it("tell a mailbox that was full from clients that do not read", async () => {
    const served = await serve({ ...on, "limits.mailbox": 2, "server.shards": 1 })
    const clients = await connectMany(served.url(), 3)
    const receipts = await served.broadcastAll(Array.from({ length: 10 }, (_, i) => `${i}`))
    const dropped = receipts.filter((receipt) => receipt.dropped > 0)
    expect(dropped.length).toBeGreaterThan(0)
    for (const receipt of receipts) expect(addsUp(receipt)).toBe(true)
    for (const { drops } of dropped) expect(drops).toEqual({ slow: 0, mailbox: 3 })
    for (const { messages } of clients) await messages.count(10 - dropped.length)
    const figures = await served.figures()
    expect(figures.get('clarion_messages_dropped_total{reason="mailbox"}')).toBe(3 * dropped.length)
    expect(figures.get('clarion_messages_dropped_total{reason="slow"}')).toBe(0)
  })

  it("count raw clients that acknowledge, each once; what else they send goes its way", async () => {
    const served = await serve({ ...on, ...ACKS, "raw.onMessage": "echo" })
    const clients = await connectMany(served.url(), 4)
    const { id } = await served.broadcast("hello")
    for (const client of clients.slice(0, 3)) {
      await client.messages.count(1)
      await client.send(`{"ack":"${id}"}`)
      await client.send(`{"ack":"${id}"}`)
      await client.send('{"ack":"unknown"}')
      await client.send("still here")
      await client.messages.count(2)
    }
    await acked(served, id, 3)
    expect(clients.map(({ messages }) => messages.all)).toEqual([
      ...clients.slice(0, 3).map(() => ["hello", "still here"]),
      ["hello"]
    ])
    const figures = await served.figures()
    expect(figures.get("clarion_acks_total")).toBe(3)
    expect(figures.get('clarion_acks_refused_total{reason="repeated"}')).toBe(3)
    expect(figures.get('clarion_acks_refused_total{reason="unknown"}')).toBe(3)
    await served.stop()
  })

  it("count raw clients with channels, and SDKs, which are told what is wrong", async () => {
    const { served, port } = await serveCentrifuge(transport, ACKS)
    const raw = await connect(served.url("/?channels=a"))
    const sdk = makeSdk(port, { format: "JSON", via: "websocket" })
    sdk.connect()
    await sdk.ready()
    await api(served, "publish", { channel: "a", data: { receipt: "r" }, receipt: "r" })
    await raw.messages.count(1)
    await raw.send('{"ack":"r"}')
    await raw.send("and more")
    expect(await sdk.rpc("ack", { id: "r" })).toMatchObject({ data: undefined })
    await sdk.rpc("ack", { id: "r" })
    await acked(served, "r", 2)
    await expect(sdk.rpc("ack", { id: "none" })).rejects.toMatchObject({
      code: 102,
      message: "unknown receipt"
    })
    await expect(sdk.rpc("ack", { receipt: "r" })).rejects.toMatchObject({ code: 107 })
    expect(raw.isOpen).toBe(true)
  })

  it("take no acknowledgements unless they are on: frames and RPCs go their way", async () => {
    const { served, port } = await serveCentrifuge(transport, { "raw.onMessage": "echo" })
    const raw = await connect(served.url())
    const { id } = await served.broadcast("hello")
    await raw.send(`{"ack":"${id}"}`)
    await raw.messages.count(2)
    expect(raw.messages.all).toEqual(["hello", `{"ack":"${id}"}`])
    const sdk = makeSdk(port, { format: "JSON", via: "websocket" })
    sdk.connect()
    await expect(sdk.rpc("ack", { id })).rejects.toMatchObject({ code: 108 })
    expect((await served.receipt(id))?.acked).toBe(0)
    raw.socket.close()
    await once(raw.socket, "close")
  })
})
