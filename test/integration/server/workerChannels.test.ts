/** Channels over worker processes: clients see one server, whichever worker they are connected to. */
import { readFileSync } from "node:fs"
import { describe, expect, it, vi } from "vitest"
import { openStream } from "../../support/centrifuge/HttpStream.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { hs256 } from "../../support/jwt.ts"
import { Asker } from "../../support/server/ask.ts"
import { type ApiServer, serveApi } from "../../support/workers/ApiServer.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const numbersTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

/** One that asks each worker, over a connection of its own. */
const askersOf = async ({ server }: ApiServer) => {
  const askers = await server.askers()
  return server.workers.map((pid) => askers.get(pid)!)
}

describe.each(["uws", "ws"])("channels over workers on %s", (transport) => {
  const start = (...args: ReadonlyArray<string>) => serveApi(2, ["--server.transport", transport, ...args])

  it("what a client of one worker publishes reaches the subscribers in all, once, in the same order", async () => {
    const server = await start()
    const each = await server.sdkEach()
    const heard = await Promise.all(each.map((sdk) => sdk.subscribe("news")))
    await Promise.all(
      each.map(async ({ client }, who) => {
        for (const i of numbersTo(25)) await client.publish("news", { who, i })
      })
    )
    const [first, second] = await Promise.all(heard.map(({ publications }) => publications.count(50)))
    const offsets = (all: typeof first) => all!.map(({ offset }) => offset)
    expect([offsets(first), offsets(second)]).toEqual([numbersTo(50), numbersTo(50)])
    expect(second!.map(({ data }) => data)).toEqual(first!.map(({ data }) => data))
    for (const who of [0, 1]) {
      const own = first!.filter(({ data }) => data.who === who)
      expect(own.map(({ data }) => data.i)).toEqual(numbersTo(25))
      expect(own[0]!.info?.client).toBe(each[who]!.id)
    }
    // Nothing came twice: another publication is the next that all hear.
    await server.publish("news", "last")
    for (const { publications } of heard) expect((await publications.count(51)).at(-1)!.data).toBe("last")
  })

  it("history, presence and who joins are the same from everywhere", async () => {
    const server = await start()
    const [one, two] = await server.sdkEach()
    await one!.subscribe("news")
    const joins: Array<string> = []
    one!.client.getSubscription("news")!.on("join", ({ info }) => joins.push(info.client))
    await one!.client.publish("news", { n: 1 })
    await two!.subscribe("news")
    await two!.client.publish("news", { n: 2 })
    for (const { client } of [one!, two!]) {
      const { publications, offset, epoch } = await client.history("news", { limit: -1 })
      expect(publications.map(({ data }) => data)).toEqual([{ n: 1 }, { n: 2 }])
      expect([offset, epoch]).toEqual([2, expect.stringMatching(/^\w+$/)])
      const { clients } = await client.presence("news")
      expect(Object.keys(clients).sort()).toEqual([one!.id, two!.id].sort())
      expect(await client.presenceStats("news")).toMatchObject({ numClients: 2, numUsers: 1 })
    }
    expect(joins).toEqual([one!.id, two!.id])
    two!.client.disconnect()
    await server.present("news", [one!.id])
  })

  it("commands of the API reach clients wherever they are; what the server holds adds up", async () => {
    const server = await start()
    const token = hs256("secret", { sub: "ada" })
    const each = await server.sdkEach(() => new Sdk(server.port, { token }))
    for (const sdk of each) await sdk.subscribe("news")
    await each[0]!.subscribe("own")
    expect(await server.channels()).toEqual({ news: 2, own: 1 })
    // Those that landed where there was one already may still be leaving.
    await server.clients(2)
    const nodes = await server.nodes()
    expect(nodes.map(({ name, num_clients, num_users }) => [name, num_clients, num_users]).sort()).toEqual([
      ["worker-0", 1, 1],
      ["worker-1", 1, 1]
    ])
    expect(nodes.reduce((sum, { num_subs }) => sum + num_subs, 0)).toBe(3)
    expect(new Set(nodes.map(({ uid }) => uid)).size).toBe(2)

    const unsubscribed = each.map(
      ({ client }) =>
        new Promise((resolve) =>
          client.getSubscription("news")!.once("unsubscribed", ({ code }) => resolve(code))
        )
    )
    await server.api("unsubscribe", { user: "ada", channel: "news" })
    expect(await Promise.all(unsubscribed)).toEqual([2000, 2000])
    const granted = each.map(
      ({ client }) => new Promise((resolve) => client.once("subscribed", ({ channel }) => resolve(channel)))
    )
    await server.api("subscribe", { user: "ada", channel: "given" })
    expect(await Promise.all(granted)).toEqual(["given", "given"])
    expect(await server.channels()).toEqual({ given: 2, own: 1 })

    const stays = each[1]!
    const whitelist = [stays.id]
    await server.api("disconnect", { user: "ada", whitelist, disconnect: { code: 4501, reason: "bye" } })
    await server.api("disconnect", { user: "eve" })
    expect(await each[0]!.disconnected.count(1)).toEqual([4501])
    await server.api("disconnect", { user: "ada", client: stays.id })
    expect(await stays.disconnected.count(1)).toEqual([3503])
    while (Object.keys(await server.channels()).length > 0);
  })

  it("an emulation request may come to the worker that does not hold the session: its commands keep their order", async () => {
    const server = await start()
    const [one, two] = await askersOf(server)
    const stream = await openStream(server.port, "/connection/http_stream", {
      body: JSON.stringify({ id: 1, connect: {} })
    })
    const [reply] = await stream.first(1)
    const { session, node } = JSON.parse(reply!).connect
    const holder = (await server.nodes()).findIndex(({ uid }) => uid === node)
    expect(holder).toBeGreaterThanOrEqual(0)
    const emulate = (ask: Asker["ask"], data: string, to: object = { session, node }) =>
      ask("/emulation", { method: "POST", body: JSON.stringify({ ...to, data }) })
    let id = 2
    for (const round of numbersTo(5))
      for (const ask of [one!, two!]) {
        const commands = numbersTo(3).map((i) => ({
          id: id++,
          publish: { channel: `c${round}`, data: { i } }
        }))
        const { status } = await emulate(ask, commands.map((command) => JSON.stringify(command)).join("\n"))
        expect(status).toBe(204)
      }
    const replies = (await stream.first(31)).slice(1).map((line) => JSON.parse(line))
    expect(replies.map((reply) => reply.id)).toEqual(numbersTo(31).slice(1))
    for (const ask of [one!, two!]) {
      expect((await emulate(ask, "{}", { session: "gone", node })).status).toBe(204)
      expect((await emulate(ask, "{}", { session, node: "nowhere" })).status).toBe(404)
    }
  })
})

describe("a worker", () => {
  it("verifies tokens by itself, with a secret that is in neither its environment nor its command line", async () => {
    const secret = "a secret that nobody may see"
    const http = { staticHeaders: { "x-key": "the backend's" } }
    const proxies = JSON.stringify([{ name: "app", endpoint: "http://127.0.0.1:1/", http }])
    const server = await serveApi(2, ["--client.insecure", "false", "--proxies", proxies], {
      env: { CLARION_CLIENT_TOKEN_HMAC_SECRET_KEY: secret }
    })
    const each = await server.sdkEach(() => new Sdk(server.port, { token: hs256(secret, { sub: "ada" }) }))
    expect(each.length).toBe(2)
    const wrong = new Sdk(server.port, { token: hs256("secret", { sub: "ada" }) })
    wrong.client.connect()
    expect(await wrong.disconnected.count(1)).toEqual([3500])
    for (const pid of server.server.workers)
      for (const file of ["cmdline", "environ"]) {
        const text = readFileSync(`/proc/${pid}/${file}`, "utf8")
        expect(text).not.toContain(secret)
        expect(text).not.toContain("the backend's")
        expect(text).not.toContain("CLARION_")
      }
  })

  it("answers the protocol's own requests, also while the primary does not answer", async () => {
    const server = await serveApi(2)
    const asker = new Asker(server.port)
    expect((await asker.ask("/health")).status).toBe(200)
    server.server.process.kill("SIGSTOP")
    const options = {
      method: "OPTIONS",
      headers: { origin: "http://a", "access-control-request-headers": "x" }
    }
    expect((await asker.ask("/emulation", options)).status).toBe(204)
    const stream = await openStream(server.port, "/connection/http_stream", {
      body: JSON.stringify({ id: 1, connect: {} })
    })
    expect(JSON.parse((await stream.first(1))[0]!).connect.client).toMatch(/-/)
    server.server.process.kill("SIGCONT")
    expect((await asker.ask("/health")).status).toBe(200)
  })
})
