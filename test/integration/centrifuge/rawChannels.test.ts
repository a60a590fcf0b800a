/** Raw WebSockets that name their channels: the data alone, from where they were. */
import { describe, expect, it } from "vitest"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { openStream } from "../../support/centrifuge/HttpStream.ts"
import { openScript } from "../../support/centrifuge/Script.ts"
import { hs256 } from "../../support/jwt.ts"
import { refusal } from "../../support/server/clients.ts"

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("get what is published in their channels, as it is", async () => {
    const server = await serveCentrifuge(transport)
    const raw = await openScript(server, { path: "/any?x=1&channels=recovery:a,b" })
    await server.publish("recovery:a", '{"b" : 12345678901234567890}')
    await raw.client.messages.count(1)
    await server.publish("other", '"no"')
    await server.publish("b", '"a string \\u00e9"')
    await raw.client.messages.count(2)
    await server.served.broadcast("for everyone")
    await server.publish("recovery:a", Buffer.from([0xff, 0]))
    const found = await raw.client.messages.count(3)
    expect(found).toEqual(['{"b" : 12345678901234567890}', "a string \u00e9", Buffer.from([0xff, 0])])
    // What it says is nobody's affair.
    await raw.client.send('{"id":1,"connect":{}}')
    await server.publish("b", "1")
    expect((await raw.client.messages.count(4))[3]).toBe("1")
  })

  it("name lists of channels, and one by one those that have commas", async () => {
    const server = await serveCentrifuge(transport)
    const one = await openScript(server, { path: "/?channel=a%231,2" })
    const more = await openScript(server, { path: "/?x=1&channel=a%231%2C2&channels=b&channels=c" })
    for (const channel of ["a#1", "2", "a#1,2", "b", "c"]) await server.publish(channel, `"in ${channel}"`)
    expect([...(await more.client.messages.count(3))].sort()).toEqual(["in a#1,2", "in b", "in c"])
    expect(await one.client.messages.count(1)).toEqual(["in a#1,2"])
  })

  it("go on from where they were, or are closed", async () => {
    const server = await serveCentrifuge(transport)
    const { epoch } = await server.publish("smallhistory:a", 1)
    for (const n of [2, 3]) await server.publish("smallhistory:a", n)
    await server.publish("recovery:b", '"b"')
    const open = (since: string, channels = "smallhistory:a") =>
      openScript(server, { path: `/?channels=${channels}&since=${encodeURIComponent(since)}` })
    const back = await open(`${epoch}:1`)
    await back.client.messages.count(2)
    await server.publish("smallhistory:a", 4)
    expect(await back.client.messages.count(3)).toEqual(["2", "3", "4"])
    const both = await open(`smallhistory:a=${epoch}:3`, "smallhistory:a,recovery:b")
    expect(await both.client.messages.count(1)).toEqual(["4"])
    for (const since of [`${epoch}:1`, "other:3"])
      expect(await (await open(since)).ended).toEqual({ code: 3010, reason: "insufficient state" })
    const fromBegin = await open("0", "recovery:b")
    expect(await fromBegin.client.messages.count(1)).toEqual(["b"])
  })

  it("are counted when they come back, as EventSources are", async () => {
    const server = await serveCentrifuge(transport)
    const { epoch } = await server.publish("smallhistory:a", 1)
    for (const n of [2, 3]) await server.publish("smallhistory:a", n)
    const path = (since: string) => `?channels=smallhistory:a&since=${since}`
    const back = await openScript(server, { path: `/${path(`${epoch}:1`)}` })
    await back.client.messages.count(2)
    const stream = await openStream(server.port, `/events${path(`${epoch}:2`)}`, { method: "GET" })
    await stream.until(() => stream.text.includes("data: 3"))
    await (await openScript(server, { path: `/${path("other:1")}` })).ended
    const figures = await server.served.figures()
    const recoveries = (recovered: boolean) =>
      figures.get(`clarion_recoveries_total{recovered="${recovered}"}`)
    expect([recoveries(true), recoveries(false)]).toEqual([2, 1])
  })

  it("are refused where they may not have what they ask for", async () => {
    const server = await serveCentrifuge(transport, {
      "client.insecure": false,
      ...withNamespaces({ name: "open", allowSubscribeForClient: true })
    })
    const token = (claims: object) => hs256("secret", { sub: "u", ...claims })
    const ends = async (query: string) =>
      (await (await openScript(server, { path: `/?${query}` })).ended).code
    expect(await ends("channels=open:a")).toBe(3501)
    expect(await ends(`channels=a&token=${token({})}`)).toBe(3507)
    expect(await ends(`channels=nowhere:a&token=${token({})}`)).toBe(3501)
    expect(await ends("channels=open:a&token=x")).toBe(3500)
    expect(await ends(`channels=open:a&token=${token({ exp: 1 })}`)).toBe(3005)
    const many = Array.from({ length: 129 }, (_, i) => `open:${i}`).join()
    expect(await ends(`channels=${many}&token=${token({})}`)).toBe(3505)
    await server.publish("recovery:a", 1)
    const path = `/?channels=recovery:a&since=0&token=${token({ channels: ["recovery:a"] })}`
    expect(await (await openScript(server, { path })).client.messages.count(1)).toEqual(["1"])
    for (const query of ["channels=", "channels=a&since=x", "channels=a,b&since=e:1"])
      expect((await refusal(server.served.url(`/?${query}`))).status).toBe(400)
  })
})
