/** Channels without an SDK, as server-sent events: an EventSource that is cut off gets what it missed. */
import { EventSource } from "eventsource"
import { describe, expect, it, onTestFinished } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { type HttpStream, openStream } from "../../support/centrifuge/HttpStream.ts"
import { TcpLink } from "../../support/centrifuge/TcpLink.ts"
import { hs256 } from "../../support/jwt.ts"
import { Heard } from "../../support/server/Heard.ts"

interface Told {
  readonly type: string
  readonly data: string
  readonly id: string
}

/** What an EventSource hears. */
const listen = (port: number, query: string) => {
  const source = new EventSource(`http://127.0.0.1:${port}/events?${query}`)
  onTestFinished(() => source.close())
  const events = new Heard<Told>()
  const opened = new Heard<unknown>()
  const errors = new Heard<unknown>()
  for (const type of ["message", "subscribed", "unrecovered", "binary"])
    source.addEventListener(type, ({ data, lastEventId }) => events.add({ type, data, id: lastEventId }))
  source.addEventListener("open", opened.add)
  source.addEventListener("error", errors.add)
  return { source, events, opened, errors }
}

const GET = { method: "GET" } as const

/** The event that comes first. */
const subscribed = (id: string, ...channels: ReadonlyArray<string>) =>
  subscribedAfter(id, undefined, ...channels)

/** @param recovered how many of the publications that follow, by channel */
const subscribedAfter = (
  id: string,
  recovered: Readonly<Record<string, number>> | undefined,
  ...channels: ReadonlyArray<string>
) =>
  `${id === "" ? "" : `id: ${id}\n`}event: subscribed\ndata: ${JSON.stringify({ channels, recovered })}\n\n`

/** The event that tells of a loss. */
const unrecovered = (channel: string) => `event: unrecovered\ndata: ${JSON.stringify({ channel })}\n\n`

/** "a 1", "b 0": what an id for several channels says. */
const positions = (id: string) =>
  [...new URLSearchParams(id)].map(([channel, at]) => `${channel} ${at.split(":")[1]}`)

const idsOf = ({ lines }: HttpStream) =>
  lines.filter((line) => line.startsWith("id: ")).map((line) => line.slice(4))

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("events have the data and the position", async () => {
    const server = await serveCentrifuge(transport)
    const stream = await openStream(server.port, "/events?channels=recovery:a", GET)
    expect(stream.status).toBe(200)
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "private, no-cache, no-store, must-revalidate, max-age=0"
    })
    const { epoch } = await server.publish("recovery:a", '{"b" : 12345678901234567890, "a":1}')
    await server.publish("recovery:a", Buffer.from("two\nlines\r\nand\rmore"))
    await server.publish("recovery:a", Buffer.from([0xff, 0xfe]))
    await stream.until(() => stream.text.includes("//4="))
    expect(stream.text.trimStart()).toBe(
      [
        subscribed(`${epoch}:0`, "recovery:a"),
        `id: ${epoch}:1\ndata: {"b" : 12345678901234567890, "a":1}\n\n`,
        `id: ${epoch}:2\ndata: two\ndata: lines\ndata: and\ndata: more\n\n`,
        `id: ${epoch}:3\nevent: binary\ndata: //4=\n\n`
      ].join("")
    )
  })

  it("an EventSource that was cut off gets what it missed", async () => {
    const server = await serveCentrifuge(transport)
    const link = await TcpLink.before(server.port)
    const { events, opened, errors } = listen(link.port, "channels=recovery:a")
    await opened.count(1)
    await server.publish("recovery:a", 1)
    await events.count(2)
    link.close()
    await errors.count(1)
    for (const n of [2, 3]) await server.publish("recovery:a", n)
    link.open()
    await events.count(5)
    await server.publish("recovery:a", 4)
    const first = (recovered = "") => ["subscribed", `{"channels":["recovery:a"]${recovered}}`]
    expect((await events.count(6)).map(({ type, data }) => [type, data])).toEqual([
      first(),
      ["message", "1"],
      first(',"recovered":{"recovery:a":2}'),
      ...["2", "3", "4"].map((data) => ["message", data])
    ])
  })

  it.each(["recovery:a", "recovery:a,plain:c,smallhistory:b"])(
    "and so does one that had heard of nothing yet: %s",
    async (channels) => {
      const server = await serveCentrifuge(transport, withNamespaces({ name: "plain" }))
      await server.publish("recovery:a", '"before"')
      const link = await TcpLink.before(server.port)
      const { events, errors } = listen(link.port, `channels=${channels}`)
      await events.count(1)
      link.close()
      await errors.count(1)
      await server.publish("recovery:a", '"meanwhile"')
      for (const n of [1, 2, 3]) await server.publish("smallhistory:b", n)
      link.open()
      await events.until((all) => all.some(({ data }) => data === '"meanwhile"'))
      expect(events.all.map(({ type, data }) => `${type} ${data}`)).toEqual([
        `subscribed ${JSON.stringify({ channels: channels.split(",") })}`,
        ...(channels.includes("smallhistory") ? ['unrecovered {"channel":"smallhistory:b"}'] : []),
        `subscribed ${JSON.stringify({ channels: channels.split(","), recovered: { "recovery:a": 1 } })}`,
        'message "meanwhile"'
      ])
    }
  )

  it("is told what it cannot get", async () => {
    const server = await serveCentrifuge(transport)
    const { epoch } = await server.publish("smallhistory:a", 1)
    for (const n of [2, 3, 4]) await server.publish("smallhistory:a", n)
    for (const id of [`${epoch}:1`, "other:4", `${epoch}:9`]) {
      const headers = { "last-event-id": id }
      const stream = await openStream(server.port, "/events?channels=smallhistory:a", { ...GET, headers })
      await stream.first(5)
      expect(stream.text.trimStart()).toBe(
        unrecovered("smallhistory:a") + subscribed(`${epoch}:4`, "smallhistory:a")
      )
      stream.cut()
    }
    const known = await openStream(server.port, `/events?channels=smallhistory:a&since=${epoch}:2`, GET)
    await known.first(7)
    expect(known.text.trimStart()).toBe(
      `${subscribedAfter(`${epoch}:2`, { "smallhistory:a": 2 }, "smallhistory:a")}id: ${epoch}:3\ndata: 3\n\nid: ${epoch}:4\ndata: 4\n\n`
    )
  })

  it("is told of every loss before it gets an id to go on from", async () => {
    const server = await serveCentrifuge(transport)
    for (const channel of ["recovery:a", "recovery:b", "recovery:c"]) await server.publish(channel, 1)
    const path = "/events?channels=recovery:a,recovery:b,recovery:c"
    const lastId = new URLSearchParams({ "recovery:a": "other:1", "recovery:c": "other:1" }).toString()
    const stream = await openStream(server.port, path, { ...GET, headers: { "last-event-id": lastId } })
    await stream.first(7)
    const [losses, rest] = stream.text.trimStart().split("id: ")
    expect(losses).toBe(unrecovered("recovery:a") + unrecovered("recovery:c"))
    expect(positions(rest!.split("\n")[0]!)).toEqual(["recovery:a 1", "recovery:b 1", "recovery:c 1"])
  })

  it("has no id where there is no history, and none for what stands in none", async () => {
    const server = await serveCentrifuge(transport, withNamespaces({ name: "plain" }))
    const without = await openStream(server.port, "/events?channels=plain:a", GET)
    await without.first(2)
    await server.publish("plain:a", 1)
    await without.first(3)
    expect(without.text.trimStart()).toBe(`${subscribed("", "plain:a")}data: 1\n\n`)
    const skipped = await openStream(server.port, "/events?channels=recovery:a", GET)
    await skipped.first(3)
    await server.publish("recovery:a", 1, { stream: undefined })
    await skipped.first(4)
    expect(idsOf(skipped)).toHaveLength(1)
    expect(skipped.text.endsWith("\n\ndata: 1\n\n")).toBe(true)
  })

  it("several channels have one position", async () => {
    const server = await serveCentrifuge(transport, withNamespaces({ name: "plain" }))
    const path = "/events?channels=recovery:a,smallhistory:b,plain:c"
    const first = await openStream(server.port, path, GET)
    await first.first(3)
    await server.publish("recovery:a", 1)
    await server.publish("plain:c", '"c"')
    await server.publish("smallhistory:b", 1)
    await first.first(9)
    const ids = idsOf(first)
    expect(ids.map(positions)).toEqual([
      ["recovery:a 0", "smallhistory:b 0"],
      ["recovery:a 1", "smallhistory:b 0"],
      ["recovery:a 1", "smallhistory:b 0"],
      ["recovery:a 1", "smallhistory:b 1"]
    ])
    first.cut()
    await server.publish("recovery:a", 2)
    for (const n of [2, 3, 4]) await server.publish("smallhistory:b", n)
    await server.publish("plain:c", '"lost"')
    const again = await openStream(server.port, path, { ...GET, headers: { "last-event-id": ids[3]! } })
    await again.first(7)
    expect(again.lines.filter((line) => !line.startsWith("id: "))).toEqual([
      "event: unrecovered",
      '{"channel":"smallhistory:b"}',
      "event: subscribed",
      '{"channels":["recovery:a","smallhistory:b","plain:c"],"recovered":{"recovery:a":1}}',
      "2"
    ])
    await server.publish("smallhistory:b", 5)
    await again.first(9)
    expect(again.lines.at(-1)).toBe("5")
    expect(idsOf(again).map(positions)).toEqual([
      ["recovery:a 1", "smallhistory:b 4"],
      ["recovery:a 2", "smallhistory:b 4"],
      ["recovery:a 2", "smallhistory:b 5"]
    ])
  })

  it.each([
    ["channels=a,b&channels=b,,c", ["a", "b", "c"]],
    ["channel=a%231%2C2", ["a#1,2"]],
    ["channel=a%231,2&channels=b&channel=c&channel=", ["b", "a#1,2", "c"]]
  ])("%s names %j", async (query, channels) => {
    const server = await serveCentrifuge(transport)
    const stream = await openStream(server.port, `/events?${query}`, GET)
    await stream.first(3)
    expect(stream.lines[2]).toBe(JSON.stringify({ channels }))
    for (const channel of channels) await server.publish(channel, `"in ${channel}"`)
    await stream.until((lines) => lines.length >= 3 + 2 * channels.length)
    const heard = stream.lines.slice(3).filter((line) => !line.startsWith("id: "))
    expect(heard.sort()).toEqual(channels.map((channel) => `"in ${channel}"`).sort())
  })

  it("goes on from a time", async () => {
    const server = await serveCentrifuge(transport)
    await server.publish("recovery:a", 1)
    const stream = await openStream(server.port, "/events?channels=recovery:a&since=0", GET)
    await stream.first(5)
    expect(stream.lines.at(-1)).toBe("1")
    const later = await openStream(
      server.port,
      `/events?channels=recovery:a&since=${Date.now() + 60_000}`,
      GET
    )
    await later.first(3)
    await server.publish("recovery:a", 2)
    await later.first(5)
    expect(later.lines.at(-1)).toBe("2")
  })

  it.each([
    [400, "", {}],
    [400, "?channels=", {}],
    [400, "?channels=,", {}],
    [400, "?channel=", {}],
    [400, "?channels=a&since=x", {}],
    [400, "?channels=a,b&since=epoch:1", {}],
    [404, "?channels=nowhere:a", {}],
    [400, "?channels=caf%C3%A9", {}],
    [403, "?channels=%24a", {}],
    [401, "?channels=a&token=x", {}],
    [405, "?channels=a", { method: "POST" }]
  ])("%i for %s", async (status, query, request) => {
    const server = await serveCentrifuge(transport)
    expect((await openStream(server.port, `/events${query}`, { ...GET, ...request })).status).toBe(status)
  })

  it("is for those who may, with a token, and ends with it", async () => {
    const server = await serveCentrifuge(transport, {
      "client.insecure": false,
      "client.expiredCloseDelay": "50 ms",
      ...withNamespaces({ name: "open", allowSubscribeForClient: true })
    })
    const token = (claims: object) => hs256("secret", { sub: "u", ...claims })
    const ask = (channels: string, claims?: object) =>
      openStream(
        server.port,
        `/events?channels=${channels}${claims === undefined ? "" : `&token=${token(claims)}`}`,
        GET
      )
    const answer = async (stream: HttpStream) => [stream.status, (await stream.whole()).trim()]
    expect(await answer(await ask("open:a"))).toEqual([403, "a connection token is missing"])
    expect(await answer(await ask("a", {}))).toEqual([403, "permission denied"])
    expect((await ask("open:a", { exp: 1 })).status).toBe(401)
    expect((await ask("a", { channels: ["a"] })).status).toBe(200)
    const expiring = await ask("open:a", { exp: Math.floor(Date.now() / 1000) + 1 })
    expect(expiring.status).toBe(200)
    expect(await expiring.ended).toBe("end")
  })
})
