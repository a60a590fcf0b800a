/** The server API over HTTP, and what clients hear of it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { describe, expect, it, onTestFinished } from "vitest"
import { PushServer } from "../../../src/PushServer.ts"
import { RpcMethods } from "../../../src/services/api/RpcMethods.ts"
import { connectScript, masked, type Script } from "../../support/centrifuge/Script.ts"
import { ask } from "../../support/server/ask.ts"
import { Heard } from "../../support/server/Heard.ts"
import {
  API_KEY,
  configOf,
  type LogLine,
  layerLogs,
  type Settings,
  serve
} from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { serveWorkers, WITH_KEY } from "../../support/server/workers.ts"

const KEPT = { historySize: 100, historyTtl: "1 minute", presence: true, forceRecovery: true }

/** Everyone may do everything; a gateway says who they are. */
const SETTINGS: Settings = {
  "client.insecure": true,
  "client.userIdHttpHeader": "x-user",
  "channels.namespaces": [{ name: "kept", ...KEPT }]
}

const apiOn = (port: number) => {
  const text = async (method: string, body: unknown): Promise<string> => {
    const answer = await ask(port, method === "" ? "/api" : `/api/${method}`, {
      method: "POST",
      ...WITH_KEY,
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
    return answer.body
  }
  return {
    /** The text of a 200, without what differs from run to run. */
    api: async (method: string, body: unknown) => masked(await text(method, body)),
    result: async (method: string, body: unknown) => JSON.parse(await text(method, body)).result
  }
}

const startOn = async (transport: "uws" | "ws", settings: Settings = {}) => {
  const served = await serve({ "server.transport": transport, ...SETTINGS, ...settings })
  const asUser = (user: string) => connectScript(served, {}, { headers: { "x-user": user } })
  return { served, port: served.port, ...apiOn(served.port), asUser }
}

const subscribe = async (script: Script, channel: string) => {
  await script.say({ id: 2, subscribe: { channel } })
  return script.reply(2)
}

const clientId = async (script: Script) => (await script.reply(1)).connect.client as string

/** The text of the first line that has this in it. */
const lineWith = async (script: Script, part: string) => {
  await script.until((lines) => lines.some((line) => line.includes(part)))
  return masked(script.lines.find((line) => line.includes(part))!)
}

const POSITION = (offset: number) => `{"offset":${offset},"epoch":"EPOCH"}`

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("what is published reaches subscribers and the history byte for byte", async () => {
    const { api, asUser } = await startOn(transport)
    const script = await asUser("42")
    await subscribe(script, "kept:a")
    const odd = '{"n":123456789012345678901234567890, "2":1,"1":"\\u00e9é"}'
    expect(await api("publish", `{"channel":"kept:a","data":${odd},"tags":{"t":"1"}}`)).toBe(
      `{"result":${POSITION(1)}}`
    )
    expect(await lineWith(script, '"pub"')).toBe(
      `{"push":{"channel":"kept:a","pub":{"data":${odd},"offset":1,"tags":{"t":"1"},"epoch":"EPOCH"}}}`
    )
    await api("broadcast", { channels: ["kept:a", "kept:b"], b64data: btoa("[2]") })
    expect(await lineWith(script, "[2]")).toContain('"offset":2')
    expect(await api("history", { channel: "kept:a", limit: -1 })).toBe(
      `{"result":{"publications":[{"offset":1,"data":${odd},"tags":{"t":"1"}},{"offset":2,"data":[2]}],` +
        '"epoch":"EPOCH","offset":2}}'
    )
    expect(await api("history_remove", { channel: "kept:a" })).toBe('{"result":{}}')
    expect(await api("history", { channel: "kept:a", limit: -1 })).toBe(
      '{"result":{"publications":[],"epoch":"EPOCH","offset":2}}'
    )
  })

  it("the same idempotency key and an old version publish nothing, and tell the known position", async () => {
    const { api } = await startOn(transport)
    const publish = (more: object) => api("publish", { channel: "kept:a", data: 1, ...more })
    const first = `{"result":${POSITION(1)}}`
    expect(await publish({ idempotency_key: "k", version: 5 })).toBe(first)
    expect(await publish({ idempotency_key: "k" })).toBe(first)
    expect(await publish({ version: 5 })).toBe(first)
    expect(await publish({ version: 6 })).toBe(`{"result":${POSITION(2)}}`)
    expect(await publish({ skip_history: true })).toBe('{"result":{}}')
    expect(await api("history", { channel: "kept:a" })).toContain('"offset":2')
  })

  it("tells who is where", async () => {
    const { api, result, asUser } = await startOn(transport)
    const [one, two] = [await asUser("1"), await asUser("2")]
    for (const script of [one, two]) await subscribe(script, "kept:a")
    await subscribe(two, "kept:a")
    const [first, second] = [await clientId(one), await clientId(two)]
    expect((await result("presence", { channel: "kept:a" })).presence).toEqual({
      [first]: { user: "1", client: first },
      [second]: { user: "2", client: second }
    })
    expect(await api("presence_stats", { channel: "kept:a" })).toBe(
      '{"result":{"num_clients":2,"num_users":2}}'
    )
    expect(await api("channels", { pattern: "kept:*" })).toBe(
      '{"result":{"channels":{"kept:a":{"num_clients":2}}}}'
    )
    expect(await api("channels", { pattern: "none:*" })).toBe('{"result":{"channels":{}}}')
    expect(await result("info", {})).toMatchObject({
      nodes: [{ num_clients: 2, num_users: 2, num_channels: 1, num_subs: 2 }]
    })
  })

  it("subscribes a user, with what was missed, and unsubscribes it", async () => {
    const { api, result, asUser } = await startOn(transport)
    const script = await asUser("42")
    await api("publish", { channel: "kept:a", data: 1 })
    const { epoch } = await result("history", { channel: "kept:a" })
    expect(
      await api("subscribe", {
        user: "42",
        channel: "kept:a",
        data: { hello: 1 },
        recover_since: { offset: 0, epoch }
      })
    ).toBe('{"result":{}}')
    const pushed = await script.line((line) => line.push?.subscribe !== undefined)
    expect(pushed.push).toMatchObject({
      channel: "kept:a",
      subscribe: { recoverable: true, data: { hello: 1 } }
    })
    expect(await lineWith(script, '"pub"')).toContain('"data":1')
    await api("publish", { channel: "kept:a", data: 2 })
    expect(await lineWith(script, '"offset":2')).toContain('"data":2')
    await api("unsubscribe", { user: "42", channel: "kept:a" })
    expect(await lineWith(script, '"unsubscribe"')).toContain('"code":2000')
    expect(await api("channels", {})).toBe('{"result":{"channels":{}}}')
  })

  it("disconnects those that are meant, with the code that is given", async () => {
    const { api, asUser } = await startOn(transport)
    const [one, two, other] = [await asUser("42"), await asUser("42"), await asUser("43")]
    await api("disconnect", { user: "42", whitelist: [await clientId(two)] })
    expect(await one.client.ended).toEqual({ code: 3503, reason: "force disconnect" })
    await api("disconnect", { user: "42", disconnect: { code: 4001, reason: "mine" } })
    expect(await two.client.ended).toEqual({ code: 4001, reason: "mine" })
    await subscribe(other, "a")
    await api("disconnect", { user: "43", client: await clientId(other), disconnect: { code: 3011 } })
    expect(await other.client.ended).toEqual({ code: 3011, reason: "force reconnect" })
  })

  it("refreshes a connection, or ends it", async () => {
    const { api, asUser } = await startOn(transport)
    const script = await asUser("42")
    await api("refresh", { user: "42", expire_at: Math.floor(Date.now() / 1000) + 1000 })
    const { push } = await script.line((line) => line.push?.refresh !== undefined)
    expect(push.refresh.expires).toBe(true)
    expect(push.refresh.ttl).toBeGreaterThan(900)
    await api("refresh", { user: "42", expired: true })
    expect((await script.client.ended).code).toBe(3005)
  })

  it("takes batches and lines", async () => {
    const { api, asUser } = await startOn(transport)
    const script = await asUser("42")
    await subscribe(script, "kept:a")
    const commands = Array.from({ length: 500 }, (_, i) => ({ publish: { channel: "kept:a", data: i } }))
    const { replies } = JSON.parse(await api("batch", { commands }))
    expect(replies.map((reply: { publish: { offset: number } }) => reply.publish.offset)).toEqual(
      commands.map((_, i) => i + 1)
    )
    await script.until(() => script.pushes("kept:a").length === 500)
    expect(script.pushes("kept:a").map(({ pub }) => pub.data)).toEqual(commands.map((_, i) => i))
    const lines = '{"id":1,"method":"publish","params":{"channel":"kept:a","data":"l"}}{"method":"none"}'
    expect(await api("", lines)).toBe(
      `{"id":1,"result":${POSITION(501)}}\n{"error":{"code":104,"message":"method not found"}}`
    )
  })

  it("says no as HTTP says it, and shows what it could be asked to everyone", async () => {
    const { port } = await startOn(transport)
    const post = { method: "POST", body: '{"channel":"a","data":1}' }
    expect(await ask(port, "/api/publish", post)).toMatchObject({ status: 401, body: "" })
    expect(await ask(port, "/api/publish", WITH_KEY)).toMatchObject({
      status: 405,
      headers: { allow: "POST" }
    })
    expect(await ask(port, "/api/publish", { ...post, ...WITH_KEY, body: "{" })).toMatchObject({
      status: 400,
      body: "Bad Request"
    })
    const headers = { ...WITH_KEY.headers, "x-centrifugo-error-mode": "transport" }
    expect(
      await ask(port, "/api/publish", { method: "POST", headers, body: '{"channel":"x:a"}' })
    ).toMatchObject({
      status: 404,
      headers: { "content-type": "application/json" },
      body: '{"code":102,"message":"unknown channel"}'
    })
    const document = await ask(port, "/openapi.json")
    expect(JSON.parse(document.body)).toMatchObject({ openapi: "3.1.0", info: { title: "Clarion" } })
    const page = await ask(port, "/docs")
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect(page.body).toContain("<title>Clarion")
    expect((await ask(port, "/docs", { method: "HEAD" })).body).toBe("")
    for (const { body } of [document, page]) expect(body).not.toContain(API_KEY)
  })

  it("is on the admin port alone where there is one, with its documents", async () => {
    const { port, served } = await startOn(transport, { "admin.port": 0 })
    const admin = served.server.adminPort!
    const post = { method: "POST", ...WITH_KEY, body: '{"channel":"a","data":1}' }
    expect((await ask(admin, "/api/publish", post)).body).toBe('{"result":{}}')
    expect((await ask(admin, "/openapi.json")).status).toBe(200)
    for (const path of ["/api/publish", "/api", "/openapi.json", "/docs"])
      expect([path, (await ask(port, path, post)).status]).toEqual([path, 426])
  })
})

it("without a key where that is configured, but for the metrics", async () => {
  const { port } = await startOn("uws", { "httpApi.insecure": true })
  const post = { method: "POST", body: '{"channel":"a","data":1}' }
  expect((await ask(port, "/api/publish", post)).body).toBe('{"result":{}}')
  expect((await ask(port, "/api/actors")).status).toBe(200)
  expect((await ask(port, "/metrics")).status).toBe(401)
})

it("calls the methods of an embedding program", async () => {
  const echo = (params: Uint8Array) => Effect.succeed(params)
  const layer = PushServer.layer(configOf({ "store.path": temporaryFolder() })).pipe(
    Layer.provide(Layer.succeed(RpcMethods, new Map([["echo", echo]]))),
    Layer.provide(layerLogs(new Heard<LogLine>()))
  )
  const runtime = ManagedRuntime.make(layer)
  onTestFinished(() => runtime.dispose())
  const { port } = await runtime.runPromise(PushServer)
  expect(await apiOn(port).api("rpc", '{"method":"echo","params":{"n": 1.0}}')).toBe(
    '{"result":{"data":{"n": 1.0}}}'
  )
})

it("reaches the clients of all worker processes, whichever is asked", async () => {
  const namespaces = JSON.stringify(SETTINGS["channels.namespaces"])
  const server = await serveWorkers(2, [
    ...["--client.insecure", "true", "--client.userIdHttpHeader", "x-user"],
    ...["--channels.namespaces", namespaces]
  ])
  const { api, result } = apiOn(server.port)
  const scripts: Array<Script> = []
  const isSpread = () => {
    const byWorker = [...server.byWorker(scripts.map(({ client }) => client)).values()]
    return byWorker.length === 2 && byWorker.every((clients) => clients.length >= 3)
  }
  while (!isSpread())
    scripts.push(await connectScript(server, {}, { headers: { "x-user": `${scripts.length % 2}` } }))
  const count = scripts.length
  for (const script of scripts) await subscribe(script, "kept:a")
  for (let i = 1; i <= 10; i++) await api("publish", { channel: "kept:a", data: i })
  for (const script of scripts) {
    await script.until(() => script.pushes("kept:a").length === 10)
    expect(script.pushes("kept:a").map(({ pub }) => pub.offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  }
  expect(await result("presence_stats", { channel: "kept:a" })).toEqual({ num_clients: count, num_users: 2 })
  expect(await result("channels", {})).toEqual({ channels: { "kept:a": { num_clients: count } } })
  const { nodes } = await result("info", {})
  const clients = nodes.map((node: { readonly num_clients: number }) => node.num_clients)
  expect([clients.length, clients[0] + clients[1]]).toEqual([2, count])
  await api("disconnect", { user: "1" })
  for (const { client } of scripts.filter((_, i) => i % 2 === 1)) expect((await client.ended).code).toBe(3503)
})
