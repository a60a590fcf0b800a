/** The broadcast timer over real sockets and real time: the behaviour of the C1000K server. */
import { describe, expect, it } from "vitest"
import { connect, connectMany } from "../../support/server/clients.ts"
import { serve } from "../../support/server/serve.ts"

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

describe.each(["uws", "ws"] as const)("the broadcast timer on %s", (transport) => {
  const settings = {
    "server.transport": transport,
    "sending.timer.delay": "50 ms",
    "sending.timer.interval": "50 ms",
    totalSize: 3,
    onlyTestConnect: false
  }

  it("sends nothing below totalSize and says so; from then on, 13 digits to everyone at every tick", async () => {
    const began = Date.now()
    const served = await serve(settings)
    const two = await connectMany(served.url(), 2)
    const gated = new RegExp(`^current channels: 2 for ${UUID}$`)
    await served.logs.until((all) => all.filter(({ text }) => gated.test(text)).length >= 3)
    expect(two.flatMap(({ messages }) => messages.all)).toEqual([])

    const third = await connect(served.url())
    const clients = [...two, third]
    const got = await Promise.all(clients.map(({ messages }) => messages.count(3)))
    for (const messages of got) {
      expect(messages.slice(0, 3)).toEqual(got[0]!.slice(0, 3))
      for (const message of messages) expect(message).toMatch(/^\d{13}$/)
    }
    const stamps = got[0]!.map(Number)
    expect(stamps.every((stamp, i) => stamp >= (stamps[i - 1] ?? began) && stamp <= Date.now())).toBe(true)
    expect(stamps[2]! - stamps[0]!).toBeGreaterThanOrEqual(80)

    third.socket.close()
    await served.closes.count(1)
    const before = served.logs.all.length
    await served.logs.until((all) => all.slice(before).filter(({ text }) => gated.test(text)).length >= 2)
    const count = two[0]!.messages.all.length
    await served.logs.until((all) => all.slice(before).filter(({ text }) => gated.test(text)).length >= 4)
    expect(two[0]!.messages.all.length).toBe(count)
  })

  it("logs before and after each broadcast, with the same fresh UUID", async () => {
    const served = await serve({ ...settings, totalSize: 1 })
    const client = await connect(served.url())
    await client.messages.count(2)
    await served.logs.until((all) => all.filter(({ text }) => text.startsWith("sent msg")).length >= 2)
    const lines = served.logs.all.map(({ text }) => text).filter((text) => /^(send|sent) msg/.test(text))
    const ids = lines.slice(0, 4).map((line) => new RegExp(UUID).exec(line)?.[0])
    expect(lines.slice(0, 4)).toEqual([
      `send msg to channels for ${ids[0]}`,
      `sent msg to channels for ${ids[0]}. current channels: 1`,
      `send msg to channels for ${ids[2]}`,
      `sent msg to channels for ${ids[2]}. current channels: 1`
    ])
    expect(ids[0]).not.toBe(ids[2])
  })

  it("onlyTestConnect: there is no timer", async () => {
    const served = await serve({ ...settings, totalSize: 0, onlyTestConnect: true })
    const { children } = (await served.actors())[0]!
    expect(children.map(({ name }) => name)).toEqual(["shards"])
  })
})
