/** The channels of the server itself: pages that are logged in hear them, and to everyone else they are unknown. */
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { adminPaths, dashboardChannels, type Overview } from "../../../src/protocol/dashboard.ts"
import { Visitor } from "../../support/admin/Visitor.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { HttpBackend, json } from "../../support/HttpBackend.ts"
import { hs256 } from "../../support/jwt.ts"
import { ask } from "../../support/server/ask.ts"
import { Heard } from "../../support/server/Heard.ts"
import { API_KEY, type Settings, serve } from "../../support/server/serve.ts"

const { overview } = dashboardChannels

/** What lets everyone do everything, as far as a configuration can. */
const OPEN: Settings = {
  "client.insecure": true,
  "client.token.hmacSecretKey": "secret",
  "channels.withoutNamespace.presence": true,
  "channels.withoutNamespace.historySize": 10,
  "channels.withoutNamespace.historyTtl": "1 minute"
}

/** The replies to commands of a bare WebSocket, each sent when the one before is answered. */
const said = async (
  { port }: Visitor,
  commands: ReadonlyArray<object>
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`)
  const replies = new Heard<Readonly<Record<string, unknown>>>()
  socket.on("message", (text) => {
    for (const line of String(text).split("\n")) {
      const reply = JSON.parse(line) as Readonly<Record<string, unknown>>
      if ("id" in reply) replies.add(reply)
    }
  })
  await new Promise((resolve) => socket.once("open", resolve))
  for (const [at, command] of commands.entries()) {
    socket.send(JSON.stringify({ id: at + 1, ...command }))
    await replies.count(at + 1)
  }
  socket.close()
  return replies.all
}

describe.each(["uws", "ws"] as const)("the server's own channels on %s", (transport) => {
  const start = async (settings: Settings = {}) => {
    const served = await serve({ "server.transport": transport, ...settings })
    const visitor = new Visitor(served.port)
    const session = JSON.parse((await visitor.logIn({ apiKey: API_KEY })).body) as { life: string }
    return { served, visitor, session }
  }

  const page = (visitor: Visitor) => new Sdk(visitor.port, { getToken: () => visitor.token() }).connect()
  const wish = (visitor: Visitor) => ({
    getToken: ({ channel }: { channel: string }) => visitor.token(channel),
    delta: "fossil"
  })

  const api = async (port: number, method: string, body: object) => {
    const asked = { method: "POST", headers: { "x-api-key": API_KEY }, body: JSON.stringify(body) }
    return JSON.parse((await ask(port, `/api/${method}`, asked)).body)
  }

  it("a page that is logged in hears them, the newest state first", async () => {
    const { visitor, session } = await start()
    const { publications } = await (await page(visitor)).subscribe(overview, wish(visitor))
    const states = (await publications.count(2)).map(({ data }) => data as Overview)
    expect(states[0]).toMatchObject({ life: session.life, state: "serving", connections: 1 })
    expect(states[1]!.at).toBeGreaterThan(states[0]!.at)
    const later = await (await page(visitor)).subscribe(overview, wish(visitor))
    expect(later.subscribed.all[0]).toMatchObject({ wasRecovering: true, recovered: true, recoverable: true })
    expect((await later.publications.count(1))[0]!.data.at).toBeGreaterThanOrEqual(states[1]!.at)
    const kept = JSON.parse((await visitor.get(adminPaths.overview)).body) as ReadonlyArray<Overview>
    expect(kept.map(({ at }) => at)).toEqual(expect.arrayContaining(states.map(({ at }) => at)))
  })

  it("logging out ends the connections of all pages of the session, and of no other", async () => {
    const { visitor } = await start({ "client.allowAnonymousConnectWithoutToken": true })
    const other = new Visitor(visitor.port)
    await other.logIn({ apiKey: API_KEY })
    const [first, second, others, stranger] = [
      await page(visitor),
      await page(visitor),
      await page(other),
      await new Sdk(visitor.port).connect()
    ]
    await visitor.post(adminPaths.logOut, "")
    for (const { disconnected } of [first, second]) expect(await disconnected.count(1)).toEqual([3503])
    const { publications } = await others.subscribe(overview, wish(other))
    await publications.count(1)
    expect([others.interrupted.all, others.disconnected.all]).toEqual([[], []])
    expect([stranger.interrupted.all, stranger.disconnected.all]).toEqual([[], []])
  })

  it("whatever the configuration says of tokens and backends, which are not asked", async () => {
    const backend = await HttpBackend.start(json({ result: { user: "somebody" } }))
    const proxy = (name: string) => ({
      [`client.proxy.${name}.enabled`]: true,
      [`client.proxy.${name}.endpoint`]: `${backend.url}/${name}`
    })
    const { visitor } = await start({
      ...proxy("connect"),
      ...proxy("refresh"),
      "client.disallowAnonymousConnectionTokens": true,
      "client.userConnectionLimit": 1,
      "client.subscribeToUserPersonalChannel.enabled": true,
      "client.subscribeToUserPersonalChannel.singleConnection": true,
      "webhooks.endpoint": `${backend.url}/hook`,
      "webhooks.secret": "secret",
      "webhooks.batchDelay": 0
    })
    const pages = [await page(visitor), await page(visitor)]
    for (const one of pages) {
      const { publications, subscribed } = await one.subscribe(overview, wish(visitor))
      await publications.count(1)
      expect(subscribed.all).toHaveLength(1)
      one.client.getSubscription(overview)!.unsubscribe()
      one.client.disconnect()
    }
    // Its tokens are good for a while, and prolonged by others: what a page is to do, and not the backend.
    const answers = await said(visitor, [
      { connect: { token: await visitor.token() } },
      { refresh: { token: await visitor.token() } },
      { subscribe: { channel: overview, token: await visitor.token(overview) } },
      { sub_refresh: { channel: overview, token: await visitor.token(overview) } }
    ])
    for (const [at, name] of ["connect", "refresh", "subscribe", "sub_refresh"].entries()) {
      const { expires, ttl } = answers[at]![name] as { expires: boolean; ttl: number }
      expect([name, expires, ttl > 250 && ttl <= 300]).toEqual([name, true, true])
    }
    // A client of others is what the backend hears of, and of nothing else.
    const other = await new Sdk(visitor.port).connect()
    other.client.disconnect()
    const told = await backend.requests.until((all) => all.some(({ text }) => text.includes("disconnected")))
    expect(told.map(({ path }) => path).filter((path) => path !== "/hook")).toEqual(["/connect"])
    const texts = told.map(({ text }) => text).join()
    for (const absent of ["clarion:", ...pages.map(({ id }) => id)]) expect(texts).not.toContain(absent)
  })

  it("are unknown to clients, however open the server is", async () => {
    const { visitor } = await start(OPEN)
    const { client } = await new Sdk(visitor.port).connect()
    for (const channel of [overview, "clarion:", "clarion:more", "$clarion:overview"]) {
      const error = new Promise((resolve) => {
        const subscription = client.newSubscription(channel)
        subscription.once("unsubscribed", resolve)
        subscription.subscribe()
      })
      expect(await error).toMatchObject({ code: 102 })
      for (const tried of [
        client.publish(channel, {}),
        client.history(channel, { limit: 1 }),
        client.presence(channel),
        client.presenceStats(channel)
      ])
        await expect(tried).rejects.toMatchObject({ code: 102 })
    }
    expect((await ask(visitor.port, `/events?channels=${overview}`)).status).toBe(404)
    const raw = new WebSocket(`ws://127.0.0.1:${visitor.port}/?channels=${overview}`)
    expect(await new Promise((resolve) => raw.once("close", resolve))).toBe(3501)
  })

  it("are unknown to tokens of others, and one of ours opens no other way to them", async () => {
    const { visitor } = await start(OPEN)
    const foreign = hs256("secret", { sub: "alice", channel: overview })
    const alice = await new Sdk(visitor.port, { token: hs256("secret", { sub: "alice" }) }).connect()
    const refused = (sdk: Sdk, token: string) =>
      new Promise((resolve) => {
        const subscription = sdk.client.newSubscription(overview, { token })
        subscription.once("unsubscribed", (why) => {
          sdk.client.removeSubscription(subscription)
          resolve(why)
        })
        subscription.subscribe()
      })
    expect(await refused(alice, foreign)).toMatchObject({ code: 102 })
    // Not even with a token for the channel, by a connection that is not the page's.
    expect(await refused(alice, await visitor.token(overview))).toMatchObject({ code: 102 })
    expect(await refused(await page(visitor), hs256("secret", { channel: overview }))).toMatchObject({
      code: 103
    })
    const own = await visitor.token()
    const subs = hs256("secret", { sub: "alice", subs: { [overview]: {} } })
    const eve = new Sdk(visitor.port, { token: subs })
    eve.client.connect()
    expect(await eve.disconnected.count(1)).toEqual([102])
    const { client } = await page(visitor)
    await expect(client.publish(overview, {})).rejects.toMatchObject({ code: 102 })
    await expect(client.history(overview, { limit: 1 })).rejects.toMatchObject({ code: 102 })
    expect((await ask(visitor.port, `/events?channels=${overview}&token=${own}`)).status).toBe(404)
  })

  it("are unknown to the server API, and disturb no list", async () => {
    const { visitor } = await start(OPEN)
    await (await page(visitor)).subscribe(overview, wish(visitor))
    const other = await new Sdk(visitor.port).connect()
    await other.subscribe("news")
    const channel = overview
    for (const [method, body] of [
      ["publish", { channel, data: {} }],
      ["presence", { channel }],
      ["presence_stats", { channel }],
      ["history", { channel }],
      ["history_remove", { channel }],
      ["subscribe", { user: "alice", client: other.id, channel }]
    ] as const)
      expect([method, await api(visitor.port, method, body)]).toEqual([
        method,
        { error: { code: 102, message: "unknown channel" } }
      ])
    expect(
      (await api(visitor.port, "broadcast", { channels: [channel], data: {} })).result.responses
    ).toEqual([{ error: { code: 102, message: "unknown channel" } }])
    const schedule = await visitor.post("/api/schedules", {
      channels: [channel],
      data: {},
      delay: "1 hour"
    })
    expect([schedule.status, schedule.body]).toEqual([400, expect.stringContaining("unknown namespace")])
    expect((await api(visitor.port, "channels", {})).result).toEqual({
      channels: { news: { num_clients: 1 } }
    })
    const [node] = (await api(visitor.port, "info", {})).result.nodes
    expect([node.num_clients, node.num_channels, node.num_subs]).toEqual([2, 1, 1])
  })

  it("a page of the server's own may connect, and one of elsewhere not", async () => {
    const { visitor } = await start()
    const open = (origin: string) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${visitor.port}/connection/websocket`, { origin })
        socket.once("open", () => resolve(101))
        socket.once("unexpected-response", (_, { statusCode = 0 }) => resolve(statusCode))
        socket.on("error", () => {})
      })
    expect(await open(`http://127.0.0.1:${visitor.port}`)).toBe(101)
    for (const other of [
      `http://localhost:${visitor.port}`,
      "http://127.0.0.1",
      "https://evil.example",
      "null"
    ])
      expect([other, await open(other)]).toEqual([other, 403])
  })
})
