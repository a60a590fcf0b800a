/** What comes after what on the wire. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { connectScript, openScript } from "../../support/centrifuge/Script.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"

const joins = { name: "joins", joinLeave: true, forcePushJoinLeave: true }

/** "reply 2", "join me", "pub 1": what each line is. */
const outline = (lines: ReadonlyArray<string>, client: string): ReadonlyArray<string> =>
  lines.map((line) => {
    const { id, push } = JSON.parse(line)
    if (push === undefined) return id === undefined ? "ping" : `reply ${id}`
    const who = (info: { client: string }) => (info.client === client ? "me" : "another")
    if (push.pub) return `pub ${JSON.stringify(push.pub.data)}`
    return push.join ? `join ${who(push.join.info)}` : `leave ${who(push.leave.info)}`
  })

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it.each(["joins:a", "a"])("%s: reply, own join, what is published", async (channel) => {
    const server = await serveCentrifuge(transport, withNamespaces(joins))
    const script = await connectScript(server)
    const { client } = (await script.reply(1)).connect
    // What is on its way already must not come first.
    for (let i = 0; i < 3; i++) await server.publish(channel, `${i}`)
    await script.say(
      { id: 2, publish: { channel, data: "before" } },
      { id: 3, subscribe: { channel } },
      { id: 4, publish: { channel, data: "after" } }
    )
    await script.until((lines) => lines.some((line) => line.includes('"pub":{"data":"after"')))
    const found = outline(script.lines.slice(1), client)
    const at = (what: string) => found.indexOf(what)
    expect(found.filter((what) => what === "join me")).toHaveLength(1)
    expect(at("reply 3")).toBeLessThan(at("join me"))
    const firstPub = found.findIndex((what) => what.startsWith("pub"))
    expect(at("join me")).toBeLessThan(firstPub)
    // One that follows its position does not hear of what lies before it.
    if (channel === "a") expect(found[firstPub]).toBe('pub "after"')
  })

  it("everyone hears of everyone's join and leave once", async () => {
    const server = await serveCentrifuge(transport, withNamespaces(joins))
    const first = await connectScript(server)
    await first.say({ id: 2, subscribe: { channel: "joins:a" } })
    await first.reply(2)
    const second = await connectScript(server)
    await second.say({ id: 2, subscribe: { channel: "joins:a" } })
    await second.reply(2)
    await second.say({ id: 3, unsubscribe: { channel: "joins:a" } })
    await second.reply(3)
    second.client.socket.close()
    await first.line(({ push }) => push?.leave !== undefined)
    await first.say({ id: 4, subscribe: { channel: "joins:b" } })
    await first.line(({ push }) => push?.channel === "joins:b")
    const me = (await first.reply(1)).connect.client
    expect(
      outline(
        first.pushes("joins:a").map((push) => JSON.stringify({ push })),
        me
      )
    ).toEqual(["join me", "join another", "leave another"])
  })

  it("who leaves and comes back at once hears that it came, and not that it left", async () => {
    const server = await serveCentrifuge(transport, withNamespaces(joins))
    const script = await connectScript(server)
    const channel = "joins:a"
    await script.say({ id: 2, subscribe: { channel } })
    await script.until((lines) => lines.length === 3)
    await script.say({ id: 3, unsubscribe: { channel } }, { id: 4, subscribe: { channel } })
    await script.reply(4)
    await server.publish(channel, '"after"')
    await script.line(({ push }) => push?.pub !== undefined)
    const me = (await script.reply(1)).connect.client
    expect(outline(script.lines.slice(1), me)).toEqual([
      "reply 2",
      "join me",
      "reply 3",
      "reply 4",
      "join me",
      'pub "after"'
    ])
  })

  it("replies stand in the order of the commands, however long one takes, and share frames", async () => {
    const backend = await HttpBackend.start(json({ result: { data: "late" } }))
    const server = await serveCentrifuge(transport, {
      "rpc.proxy": { endpoint: backend.url },
      "rpc.withoutNamespace": { proxyEnabled: true }
    })
    const script = await openScript(server)
    const commands = Array.from({ length: 40 }, (_, i) => ({ id: i + 3, history: { channel: "a" } }))
    await script.say({ id: 1, connect: {} }, { id: 2, rpc: { method: "m" } }, ...commands, {
      id: 43,
      rpc: { method: "m" }
    })
    await script.reply(43)
    const ids = script.lines.map((line) => JSON.parse(line).id)
    expect(ids).toEqual(Array.from({ length: 43 }, (_, i) => i + 1))
    const sizes = script.frames.map((frame) => frame.split("\n").length)
    expect([sizes.at(0), Math.max(...sizes), sizes.at(-1)]).toEqual([1, 16, 1])
    // Effects let others go on after so many steps; what is done by then goes out: at most one frame more than 41 replies fill.
    expect(sizes.length).toBeLessThanOrEqual(6)
  })
})

describe("connect with subscriptions of the server", () => {
  it("comes before what is published in them", async () => {
    const backend = await HttpBackend.start(
      json({ result: { user: "u", channels: ["joins:a", "joins:b", "recovery:a"] } })
    )
    const server = await serveCentrifuge("uws", {
      "client.insecure": false,
      "client.proxy.connect": { enabled: true, endpoint: backend.url },
      ...withNamespaces(joins)
    })
    const script = await openScript(server)
    await script.say({ id: 1, connect: {} })
    const { connect } = await script.reply(1)
    await server.publish("joins:b", '"x"')
    await server.publish("recovery:a", '"y"')
    await script.until((lines) => lines.length === 5)
    expect(Object.keys(connect.subs)).toEqual(["joins:a", "joins:b", "recovery:a"])
    expect(outline(script.lines, connect.client)).toEqual([
      "reply 1",
      "join me",
      "join me",
      'pub "x"',
      'pub "y"'
    ])
  })
})
