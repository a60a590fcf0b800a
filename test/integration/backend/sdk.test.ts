/** The npm client, a server and a backend that decides about everything. */
import { Centrifuge } from "centrifuge"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { type Answer, HttpBackend, json, status } from "../../support/HttpBackend.ts"
import { Heard } from "../../support/server/Heard.ts"
import { serve } from "../../support/server/serve.ts"

const answers: Readonly<Record<string, Answer>> = {
  "/connect": json(
    '{"result":{"user":"56","data":{"big":9007199254740993},"meta":{"role":"admin"},"channels":["inbox"]}}'
  ),
  "/subscribe": json({ result: { data: { topic: "all of it" } } }),
  "/publish": json({ result: { data: { said: "something else" } } }),
  "/rpc": json({ error: { code: 1234, message: "not today", temporary: true } })
}

/** A server whose decisions are the backend's. */
const start = async (transport: "uws" | "ws") => {
  const backend = await HttpBackend.start((request, response, index) =>
    (answers[request.path] ?? status(404))(request, response, index)
  )
  const served = await serve({
    "server.transport": transport,
    "client.allowedOrigins": ["*"],
    "client.proxy.connect.enabled": true,
    "client.proxy.connect.endpoint": `${backend.url}/connect`,
    "client.proxy.connect.httpHeaders": ["Cookie"],
    "client.proxy.connect.emulatedHeaders": ["Authorization"],
    "channels.proxy.subscribe.endpoint": `${backend.url}/subscribe`,
    "channels.proxy.subscribe.includeConnectionMeta": true,
    "channels.proxy.publish.endpoint": `${backend.url}/publish`,
    "channels.withoutNamespace.subscribeProxyEnabled": true,
    "channels.withoutNamespace.publishProxyEnabled": true,
    "rpc.proxy.endpoint": `${backend.url}/rpc`,
    "rpc.withoutNamespace.proxyEnabled": true
  })
  class WithCookie extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: "session=7" } })
    }
  }
  const client = new Centrifuge(served.url("/connection/websocket"), {
    websocket: WithCookie,
    headers: { Authorization: "Bearer t" }
  })
  onTestFinished(() => client.disconnect())
  const question = (path: string) => JSON.parse(backend.requests.all.find((one) => one.path === path)!.text)
  return { backend, served, client, question }
}

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("the backend lets a client in, opens channels, changes what is published and refuses calls", async () => {
    const { backend, client, question } = await start(transport)
    const subscribed = new Heard<string>()
    client.on("subscribed", ({ channel }) => subscribed.add(channel))
    const connected = new Promise((resolve) => client.once("connected", resolve))
    client.connect()
    expect(await connected).toMatchObject({ data: { big: Number("9007199254740993") } })
    expect(await subscribed.count(1)).toEqual(["inbox"])
    const { headers } = backend.requests.all[0]!
    expect([headers.cookie, headers.authorization]).toEqual(["session=7", "Bearer t"])

    const heard = new Heard<unknown>()
    const subscription = client.newSubscription("news")
    subscription.on("publication", ({ data }) => heard.add(data))
    const opened = new Promise((resolve) => subscription.once("subscribed", resolve))
    subscription.subscribe()
    expect(await opened).toMatchObject({ data: { topic: "all of it" } })
    expect(question("/subscribe")).toMatchObject({ user: "56", channel: "news", meta: { role: "admin" } })

    await subscription.publish({ said: "this" })
    expect(question("/publish")).toMatchObject({ user: "56", channel: "news", data: { said: "this" } })
    expect(await heard.count(1)).toEqual([{ said: "something else" }])

    await expect(client.rpc("anything", { n: 1 })).rejects.toMatchObject({ code: 1234, message: "not today" })
  })

  it("a backend that fails lets nobody in, and the client comes back until it works", async () => {
    const { backend, served, client } = await start(transport)
    const answer = backend.answer
    backend.answer = status(503)
    const errors = new Heard<{ readonly code: number }>()
    client.on("error", ({ error }) => errors.add(error))
    const connected = new Promise((resolve) => client.once("connected", resolve))
    client.connect()
    expect(await errors.count(1)).toMatchObject([{ code: 100 }])
    backend.answer = answer
    await connected
    expect(served.logs.all.map(({ text }) => text)).toContain(
      "the backend of client.proxy.connect failed: HTTP status 503"
    )
  })

  it("a backend that turns a client away does so for good, or for a while", async () => {
    const { backend, client } = await start(transport)
    backend.answer = json({ disconnect: { code: 4501, reason: "unauthorized" } })
    const gone = new Promise((resolve) => client.once("disconnected", resolve))
    client.connect()
    expect(await gone).toMatchObject({ code: 4501, reason: "unauthorized" })
  })
})
