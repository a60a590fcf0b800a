/** The transport contract: what is published reaches everyone once, in order, and is accounted for. */
import { expect, it } from "vitest"
import { connect, connectMany } from "../support/server/clients.ts"
import { frame, upgradeRaw } from "../support/server/RawClient.ts"
import { addsUp, bytesOf } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"

const TEXT = 1
const CONTINUATION = 0

const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

export const deliverySuite = ({ start, isSecure }: Contract) => {
  it("200 broadcasts at once reach 50 clients in order, each exactly once", async () => {
    const served = await start({ "server.shards": 3 })
    const clients = await connectMany(served.url(), 50)
    const receipts = await served.broadcastAll(numbers(200))
    for (const receipt of receipts)
      expect(receipt).toMatchObject({ eligible: 50, written: 50, dropped: 0, closed: 0 })
    for (const { messages } of clients) expect(await messages.count(200)).toEqual(numbers(200))
    // A message more than was published would come before this one.
    await served.broadcast("end")
    for (const { messages } of clients) expect((await messages.count(201)).slice(200)).toEqual(["end"])
  })

  it("broadcasts one by one keep their order too, of any size", async () => {
    const served = await start({ "limits.sendBuffer": 16_777_216 })
    const clients = await connectMany(served.url(), 5)
    const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 200_000, 3, 1_000_000, 2]
    for (const [i, size] of sizes.entries()) await served.broadcast(bytesOf(size), { isBinary: i % 2 === 0 })
    for (const { messages } of clients) {
      const got = await messages.count(sizes.length)
      expect(got.map(({ length }) => length)).toEqual(sizes)
      expect(got.map((message) => typeof message === "string")).toEqual(sizes.map((_, i) => i % 2 !== 0))
    }
  })

  it("text and binary arrive as what they were published, in one drain or in many", async () => {
    const served = await start()
    const client = await connect(served.url())
    const text = "żółw 🐢"
    await served.broadcast(text)
    await served.broadcast(Uint8Array.of(0, 255, 128), { isBinary: true })
    await served.broadcastAll([text, Buffer.from(text), "plain"])
    expect(await client.messages.count(5)).toEqual([text, Buffer.from([0, 255, 128]), text, text, "plain"])
  })

  it("bytes that are not UTF-8 are not sent as text", async () => {
    const served = await start()
    const client = await connect(served.url())
    await expect(served.broadcast(Uint8Array.of(0xff))).rejects.toThrow("not UTF-8")
    await served.broadcast("next")
    expect(await client.messages.count(1)).toEqual(["next"])
  })

  it("a receipt accounts for everyone and knows when, with shards that hold nobody as well", async () => {
    const served = await start({ "server.shards": 4 })
    const before = Date.now()
    const nobody = await served.broadcast("x", { id: "first" })
    expect(nobody).toMatchObject({
      id: "first",
      eligible: 0,
      written: 0,
      dropped: 0,
      closed: 0,
      timeToLastWriteMs: null
    })
    const clients = await connectMany(served.url(), 3)
    const receipt = await served.broadcast("x")
    expect(receipt).toMatchObject({ eligible: 3, written: 3, dropped: 0, closed: 0 })
    expect(receipt.publishedAt).toBeGreaterThanOrEqual(before - 1)
    expect(receipt.firstWriteAt).toBeGreaterThanOrEqual(receipt.publishedAt)
    expect(receipt.lastWriteAt).toBeGreaterThanOrEqual(receipt.firstWriteAt!)
    expect(receipt.timeToLastWriteMs).toBeCloseTo(receipt.lastWriteAt! - receipt.publishedAt, 3)
    clients[0]!.socket.close()
    await served.closes.count(1)
    expect(await served.broadcast("x")).toMatchObject({ eligible: 2, written: 2 })
    const figures = await served.figures()
    expect(figures.get("clarion_broadcasts_total")).toBe(3)
    expect(figures.get("clarion_messages_written_total")).toBe(5)
  })

  it("raw.onMessage ignore: nothing comes back", async () => {
    const served = await start()
    const client = await connect(served.url())
    await client.send("a")
    await client.send(bytesOf(10), { binary: true })
    client.socket.ping("done")
    await client.pongs.count(1)
    await served.broadcast("end")
    expect(await client.messages.count(1)).toEqual(["end"])
    expect((await served.figures()).get("clarion_messages_received_total")).toBe(2)
  })

  it("raw.onMessage echo: the sender alone hears its own message, as text or binary, whole or in fragments", async () => {
    const served = await start({ "raw.onMessage": "echo" })
    const [client, other] = [await connect(served.url()), await connect(served.url())]
    await client.send("text")
    await client.send(Uint8Array.of(1, 2, 255), { binary: true })
    await client.send("")
    await client.send(Buffer.alloc(0), { binary: true })
    for (const [piece, fin] of [
      ["one ", false],
      ["two ", false],
      ["", false],
      ["three", true]
    ] as const)
      await client.send(piece, { fin })
    await client.send(bytesOf(65_536), { binary: true })
    const got = await client.messages.count(6)
    expect(got.slice(0, 5)).toEqual(["text", Buffer.from([1, 2, 255]), "", Buffer.alloc(0), "one two three"])
    expect(got[5]).toEqual(Buffer.from(bytesOf(65_536)))
    await served.broadcast("end")
    expect(await other.messages.count(1)).toEqual(["end"])
  })

  it("raw.onMessage broadcast: everyone hears, the sender too, as text or binary, in the order of sending", async () => {
    const served = await start({ "raw.onMessage": "broadcast" })
    const clients = await connectMany(served.url(), 10)
    for (const number of numbers(50)) await clients[3]!.send(number)
    await clients[3]!.send(Uint8Array.of(7), { binary: true })
    for (const { messages } of clients)
      expect(await messages.count(51)).toEqual([...numbers(50), Buffer.from([7])])
    // Counted when all shards are done with it, as they are with all others when the last one's receipt is there.
    await served.broadcast("end")
    expect((await served.figures()).get("clarion_broadcasts_total")).toBe(52)
  })

  it("frames in single bytes make whole messages", async () => {
    const served = await start({ "raw.onMessage": "echo" })
    const raw = await upgradeRaw(served)
    const frames = [
      frame({ opcode: TEXT, fin: false, payload: "gr\u00fc\u00df" }),
      frame({ opcode: CONTINUATION, payload: bytesOf(200) })
    ]
    for (const byte of Buffer.concat(frames)) raw.send(Uint8Array.of(byte))
    expect(String((await raw.frame(TEXT)).payload)).toBe(`gr\u00fc\u00df${"x".repeat(200)}`)
  })

  // Hundreds of TLS handshakes would cost seconds here and try nothing that the plain ones do not.
  it.skipIf(isSecure)(
    "100 of 500 clients are reset while broadcasts go out: the others get all, and the receipts add up",
    async () => {
      const served = await start({ "server.shards": 4 })
      const clients = await connectMany(served.url(), 500)
      const [leaving, staying] = [clients.slice(200, 300), [...clients.slice(0, 200), ...clients.slice(300)]]
      const first = served.broadcastAll(numbers(30))
      const resets = leaving.map(async (client, i) => {
        // One after the other, each in a turn of its own, between the slices of the drains.
        for (let turn = 0; turn < i; turn++) await new Promise(setImmediate)
        client.reset()
        await client.ended
      })
      const second = numbers(70).reduce(
        async (before, text) => [...(await before), await served.broadcast(`later ${text}`)],
        Promise.resolve([] as Array<Awaited<ReturnType<typeof served.broadcast>>>)
      )
      const receipts = [...(await first), ...(await second)]
      await Promise.all(resets)
      expect(receipts.filter((receipt) => !addsUp(receipt))).toEqual([])
      expect(
        receipts.every(({ eligible, written }) => eligible >= 400 && eligible <= 500 && written >= 400)
      ).toBe(true)
      const all = [...numbers(30), ...numbers(70).map((text) => `later ${text}`)]
      for (const { messages } of staying) expect(await messages.count(100)).toEqual(all)
      await served.closes.count(100)
      expect(await served.broadcast("x")).toMatchObject({ eligible: 400, written: 400 })
    }
  )

  it.skipIf(isSecure)(
    "clients come and go by the hundred while broadcasts go out: those who stay miss nothing",
    async () => {
      const served = await start({ "server.shards": 3 })
      const staying = await connectMany(served.url(), 30)
      let isOver = false
      const churn = async (from: number) => {
        for (let i = from; i < 300; i += 6) {
          const client = await connect(served.url())
          if (i % 3 === 0) client.socket.close(1000)
          else if (i % 3 === 1) client.reset()
          else client.socket.terminate()
          await client.ended
        }
      }
      const churning = Promise.all([0, 1, 2, 3, 4, 5].map(churn)).then(() => {
        isOver = true
      })
      let sent = 0
      while (!isOver) {
        const receipt = await served.broadcast(`${sent}`)
        sent++
        expect(addsUp(receipt) && receipt.eligible >= 30).toBe(true)
        await new Promise(setImmediate)
      }
      await churning
      for (const { messages } of staying) expect(await messages.count(sent)).toEqual(numbers(sent))
      await served.closes.count(300)
      expect((await served.figures()).get("clarion_connections")).toBe(30)
      expect(await served.connections()).toBe(30)
    }
  )
}
