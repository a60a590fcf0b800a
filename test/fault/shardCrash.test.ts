/** A shard crashes: what its clients see, what the others see, and what is told. */
import { describe, expect, it } from "vitest"
import { type Client, connect, connectMany, type End } from "../support/server/clients.ts"
import { closedWith } from "../support/server/figures.ts"
import { Heard } from "../support/server/Heard.ts"
import { addsUp, bytesOf, serve } from "../support/server/serve.ts"

/** Connections that go to one shard before the next is chosen. */
const RUN = 128

/** The ends of connections, in their order; which client went to which shard is not told. */
const endsOf = (clients: ReadonlyArray<Client>): Heard<End> => {
  const ends = new Heard<End>()
  for (const { ended } of clients) void ended.then(ends.add)
  return ends
}

describe.each(["uws", "ws"] as const)("a shard that crashes, on %s", (transport) => {
  const settings = { "server.transport": transport, "server.shards": 2 }

  it("closes its own clients with 1012; the others stay and hear the next broadcast; it serves again", async () => {
    const served = await serve(settings)
    const clients = await connectMany(served.url(), RUN + 40)
    expect((await served.actors())[0]!.children[0]!.children.map(({ connections }) => connections)).toEqual([
      RUN,
      40
    ])

    const ends = endsOf(clients)
    await served.crash(0, "a bug of the test")
    const restarted = { code: 1012, reason: "service restart" }
    expect(await ends.count(RUN)).toEqual(Array.from({ length: RUN }, () => restarted))
    const second = clients.filter(({ isOpen }) => isOpen)
    expect(second).toHaveLength(40)
    const meanwhile = await served.broadcast("meanwhile")
    expect(meanwhile).toMatchObject({ eligible: 40, written: 40, dropped: 0 })
    for (const { messages } of second) expect(await messages.count(1)).toEqual(["meanwhile"])

    const told = await served.logs.first(({ text }) => text.includes("shard-0 crashed"))
    expect(told).toEqual({
      level: "Warn",
      text: "primary/shards/shard-0 crashed: a bug of the test; restart in 100 ms"
    })
    while (served.shards.actors[0]!.state() !== "serving") await connect(served.url())
    const [shards] = (await served.actors())[0]!.children
    expect(shards!.children[0]).toMatchObject({ state: "serving", restarts: 1, cause: "a bug of the test" })
    expect(shards!.children[1]).toMatchObject({ state: "serving", restarts: 0 })

    const returned = await connectMany(served.url(), RUN * 2)
    const sizes = (await served.actors())[0]!.children[0]!.children.map(({ connections }) => connections!)
    expect(sizes[0]).toBeGreaterThan(0)
    const all = await served.connections()
    expect(await served.broadcast("all again")).toMatchObject({ eligible: all, written: all })
    for (const { messages } of returned) expect(await messages.count(1)).toEqual(["all again"])
    await served.closes.count(RUN)
    expect(closedWith(await served.figures(), 1012)).toBe(RUN)
  })

  it("in the middle of broadcasts leaves receipts that are complete and add up", async () => {
    const served = await serve(settings)
    const clients = await connectMany(served.url(), RUN + 100)
    const ends = endsOf(clients)
    const texts = Array.from({ length: 40 }, (_, i) => `${i} ${"x".repeat(4000)}`)
    const sending = served.broadcastAll(texts)
    // The first message has come, so a drain is under way; it takes several turns of the loop for so much.
    await Promise.race(clients.map(({ messages }) => messages.count(1)))
    const waiting = served.broadcast("still in the mailbox")
    await served.crash(0, "in mid-broadcast")
    const receipts = [...(await sending), await waiting]
    expect(receipts.filter((receipt) => !addsUp(receipt))).toEqual([])
    expect(receipts.every(({ eligible }) => eligible >= 100 && eligible <= clients.length)).toBe(true)
    expect(receipts.some(({ closed }) => closed > 0)).toBe(true)
    await ends.count(RUN)
    const staying = clients.filter(({ isOpen }) => isOpen)
    expect(staying).toHaveLength(100)
    for (const { messages } of staying) {
      expect(await messages.count(receipts.length)).toEqual([...texts, "still in the mailbox"])
    }
    expect(await served.broadcast("x")).toMatchObject({ eligible: 100, written: 100 })
  })

  it("with nobody to take new connections, those get 1013, or wait for no one", async () => {
    const served = await serve({ ...settings, "server.shards": 1 })
    const client = await connect(served.url())
    await served.crash(0, "the only one")
    expect((await client.ended).code).toBe(1012)
    const unlucky = await connect(served.url())
    expect(await unlucky.ended).toEqual({ code: 1013, reason: "try again later" })
    expect(await served.broadcast("nobody")).toMatchObject({ eligible: 0 })
    while (served.shards.actors[0]!.state() !== "serving") await connect(served.url())
    const later = await connect(served.url())
    await served.broadcast(bytesOf(3))
    expect(await later.messages.count(1)).toEqual(["xxx"])
  })
})
