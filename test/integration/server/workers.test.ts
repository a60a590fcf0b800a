/** A server of worker processes: from outside, one server. */
import { readFileSync } from "node:fs"
import { describe, expect, it, vi } from "vitest"
import type { ActorNode } from "../../../src/services/ActorTree.ts"
import { ask } from "../../support/server/ask.ts"
import { makeCertificate } from "../../support/server/certificate.ts"
import { type Client, connect, connectMany } from "../../support/server/clients.ts"
import { closedWith } from "../../support/server/figures.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"
import { EMBEDDED, serveWorkers, TICKING, WITH_KEY, type WorkerServer } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

const connectionsOf = (nodes: ReadonlyArray<ActorNode>) =>
  sum(nodes.map(({ connections = 0 }) => connections))

const messages = (clients: ReadonlyArray<Client>, count: number) =>
  Promise.all(clients.map((client) => client.messages.count(count)))

/** How many of these clients each worker holds, in the order in which they were started. */
const sizes = (server: WorkerServer, clients: ReadonlyArray<Client>) =>
  [...server.byWorker(clients).values()].map(({ length }) => length)

describe.each(["uws", "ws"])("workers on %s", (transport) => {
  const on = ["--server.transport", transport]

  it("answer plain HTTP alike, whichever a request lands in", async () => {
    const server = await serveWorkers(3, [...on, "--limits.requestSize", "100000"])
    const asked = [
      ["/health", {}, 200, /^{"status":"ok","version":"[\d.]+"}$/],
      ["/ready", {}, 200, /^{"ready":true,"connections":0}$/],
      ["/metrics", {}, 401, /^$/],
      ["/api/actors", {}, 401, /^$/],
      ["/metrics", WITH_KEY, 200, /^clarion_connections /m],
      ["/api/actors", WITH_KEY, 200, /"worker-2"/],
      ["/api/actors", { ...WITH_KEY, method: "POST", body: "x".repeat(100_000) }, 200, /"worker-0"/],
      ["/api/nothing", { ...WITH_KEY, method: "POST", body: "{}" }, 404, /method not found/],
      ["/elsewhere?a=b", {}, 426, /connect with a WebSocket/],
      ["/api/actors", { ...WITH_KEY, method: "POST", body: "x".repeat(100_001) }, 413, /too large/],
      // The last, as it may end the connection.
      ["/health", { method: "HEAD" }, 200, /^$/]
    ] as const
    const askers = await server.askers()
    expect([...askers.keys()].sort()).toEqual([...server.workers].sort())
    for (const [path, options, status, body] of asked)
      for (const [worker, ask] of askers) {
        const answer = await ask(path, options)
        expect([worker, path, answer.status]).toEqual([worker, path, status])
        expect(answer.body).toMatch(body)
      }
  })

  it("add up what they count, in /ready, /metrics and /api/actors", async () => {
    const server = await serveWorkers(3, on)
    const clients = await server.spread(60)
    for (const [i, client] of clients.entries()) if (i % 2 === 0) await client.send("hello")
    for (const { socket } of clients.slice(0, 10)) socket.close(1000)
    await Promise.all(clients.slice(0, 10).map(({ ended }) => ended))
    const open = clients.length - 10
    await server.counts(open)

    const tree = await server.actors()
    expect(tree).toMatchObject({ name: "primary", state: "serving", connections: open })
    const slots = await server.slots()
    expect(slots.map(({ name, state, restarts }) => [name, state, restarts])).toEqual(
      [0, 1, 2].map((i) => [`worker-${i}`, "serving", 0])
    )
    expect(slots.map(({ connections }) => connections)).toEqual(sizes(server, clients.slice(10)))
    for (const { address, connections, children } of slots) {
      const [shards] = children
      expect([shards?.address, children.length]).toEqual([`${address}/shards`, 1])
      expect(shards?.children.map(({ address }) => address)).toEqual([
        `${shards?.address}/shard-0`,
        `${shards?.address}/shard-1`
      ])
      expect(connectionsOf(shards!.children)).toBe(connections)
    }

    for (const ask of (await server.askers()).values()) {
      expect(JSON.parse((await ask("/ready")).body)).toEqual({ ready: true, connections: open })
    }
    const figures = await server.figures()
    expect(figures.get("clarion_connections")).toBe(open)
    expect(figures.get("clarion_connections_opened_total")).toBe(clients.length)
    expect(closedWith(figures, 1000)).toBe(10)
    expect(figures.get("clarion_messages_received_total")).toBe(Math.ceil(clients.length / 2))
    for (const name of ["primary", "worker-0", "worker-1", "worker-2"]) {
      expect(figures.get(`process_resident_memory_bytes{process="${name}"}`)).toBeGreaterThan(1e7)
      expect(figures.get(`process_cpu_seconds_total{process="${name}"}`)).toBeGreaterThan(0)
    }
    expect(figures.get(`clarion_actor_restarts_total{actor="primary/workers/worker-1"}`)).toBe(0)
  })

  it("count together for the gate; from then on each connection gets each broadcast once, in order", async () => {
    const server = await serveWorkers(3, [...on, ...TICKING, "--totalSize", "500"])
    const clients = [...(await server.spread(40))]
    clients.push(...(await connectMany(server.url, 499 - clients.length)))
    const { lines } = server.process
    const gated = /^current channels: 499 for [0-9a-f-]{36}$/
    await lines.until((all) => all.filter((line) => gated.test(line)).length >= 2)
    expect(clients.flatMap((client) => client.messages.all)).toEqual([])
    expect(lines.all.filter((line) => /^send/.test(line))).toEqual([])

    clients.push(await connect(server.url))
    const got = await messages(clients, 6)
    for (const heard of got) expect(heard.slice(0, 6)).toEqual(got[0]!.slice(0, 6))
    expect(got[0]!.slice(0, 6).every((stamp) => /^\d{13}$/.test(String(stamp)))).toBe(true)
    const stamps = got[0]!.map(Number)
    expect(stamps.every((stamp, i) => i === 0 || stamp > stamps[i - 1]!)).toBe(true)
    expect(Math.min(...sizes(server, clients))).toBeGreaterThan(0)
    const sent = await server.process.entries.first(({ message }) =>
      /^sent msg .* channels: 500$/.test(message)
    )
    expect(sent.annotations).toMatchObject({ eligible: 500, written: 500, dropped: 0, closed: 0 })
  })

  it("raw.onMessage broadcast: a message reaches the clients of all, once, in the same order for all", async () => {
    const server = await serveWorkers(3, [...on, "--raw.onMessage", "broadcast"])
    const clients = await server.spread(30)
    const speakers = [...server.byWorker(clients).values()].map(([speaker]) => speaker!)
    const texts = speakers.flatMap((_, who) => Array.from({ length: 20 }, (_, i) => `${who}:${i}`))
    await Promise.all(
      speakers.map(async (speaker, who) => {
        for (let i = 0; i < 20; i++) await speaker.send(`${who}:${i}`)
      })
    )
    const got = await messages(clients, texts.length)
    for (const heard of got) expect(heard).toEqual(got[0])
    expect([...got[0]!].sort()).toEqual([...texts].sort())
    for (const who of speakers.keys())
      expect(got[0]!.filter((text) => String(text).startsWith(`${who}:`))).toEqual(
        texts.filter((text) => text.startsWith(`${who}:`))
      )
    await speakers[0]!.send(Uint8Array.of(0, 255))
    for (const heard of await messages(clients, texts.length + 1))
      expect(heard.at(-1)).toEqual(Buffer.of(0, 255))
    // Nothing came twice: another message is the next that all hear.
    await speakers[1]!.send("last")
    for (const heard of await messages(clients, texts.length + 2)) expect(heard.at(-1)).toBe("last")
  })
})

describe("a server of workers", () => {
  it("leaves API and metrics to the admin port where there is one", async () => {
    const server = await serveWorkers(2, ["--admin.port", "0"])
    const [line] = server.process.lines.all.filter((text) => text.startsWith("serving on"))
    const admin = Number(/API on http:\/\/127.0.0.1:(\d+)$/.exec(line ?? "")?.[1])
    const clients = await server.spread(20, 3)
    for (const ask of (await server.askers()).values()) {
      for (const path of ["/metrics", "/api/actors"]) expect((await ask(path, WITH_KEY)).status).toBe(426)
      expect((await ask("/health")).status).toBe(200)
    }
    expect((await ask(admin, "/metrics")).status).toBe(401)
    expect((await ask(admin, "/metrics", WITH_KEY)).body).toContain(`clarion_connections ${clients.length}\n`)
    expect((await ask(admin, "/api/actors", WITH_KEY)).body).toContain('"primary/workers/worker-1/shards"')
  })

  it.each(["uws", "ws"])("serves wss on %s, and broadcasts over it", async (transport) => {
    const { certFile, keyFile } = makeCertificate(temporaryFolder())
    const tls = ["--server.tls.cert", certFile, "--server.tls.key", keyFile]
    const server = await serveWorkers(2, ["--server.transport", transport, ...tls, ...TICKING])
    const clients = await connectMany(server.url.replace("ws:", "wss:"), 30)
    expect(Math.min(...sizes(server, clients))).toBeGreaterThan(0)
    await messages(clients, 2)
    expect(server.process.lines.all.some((line) => line.startsWith("serving on wss://"))).toBe(true)
  })

  it("makes one API key, tells it once, and no worker is given it", async () => {
    const server = await serveWorkers(2, [], { apiKey: null })
    const told = server.process.lines.all.filter((line) => line.startsWith("API key"))
    const key = /it is shown this once: (\S+)$/.exec(told[0] ?? "")?.[1] ?? ""
    expect([told.length, key.length > 20]).toEqual([1, true])
    for (const ask of (await server.askers()).values())
      expect((await ask("/metrics", { headers: { "x-api-key": key } })).status).toBe(200)
    for (const pid of server.workers)
      for (const file of ["cmdline", "environ"])
        expect(readFileSync(`/proc/${pid}/${file}`, "utf8")).not.toContain(key)
  })
})

describe("the receipt of a program that embeds a server of workers", () => {
  it.each(["uws", "ws"])("on %s accounts for everyone, for each worker and in all", async (transport) => {
    const server = await serveWorkers(2, ["--server.transport", transport], EMBEDDED)
    const none = await server.publish("nobody")
    expect(none).toMatchObject({ eligible: 0, written: 0, lost: 0, firstWriteAt: null, lastWriteAt: null })
    expect(none.workers.map(({ worker, firstWriteAt }) => [worker, firstWriteAt]).sort()).toEqual([
      ["worker-0", null],
      ["worker-1", null]
    ])

    const clients = await server.spread(50)
    const began = Date.now()
    const receipt = await server.publish("all")
    await messages(clients, 1)
    const count = clients.length
    expect(receipt).toMatchObject({ eligible: count, written: count, dropped: 0, closed: 0, lost: 0 })
    const workers = [...receipt.workers].sort((a, b) => a.worker.localeCompare(b.worker))
    expect(workers.map(({ worker, eligible }) => [worker, eligible])).toEqual(
      sizes(server, clients).map((size, i) => [`worker-${i}`, size])
    )
    for (const part of [receipt, ...workers]) {
      expect(part.eligible).toBe(part.written + part.dropped + part.closed)
      expect(part.firstWriteAt).toBeGreaterThanOrEqual(receipt.publishedAt)
      expect(part.lastWriteAt).toBeGreaterThanOrEqual(part.firstWriteAt!)
      expect(part.timeToLastWriteMs).toBeCloseTo(part.lastWriteAt! - receipt.publishedAt, 3)
    }
    expect(receipt.firstWriteAt).toBe(Math.min(...workers.map(({ firstWriteAt }) => firstWriteAt!)))
    expect(receipt.lastWriteAt).toBe(Math.max(...workers.map(({ lastWriteAt }) => lastWriteAt!)))
    expect(receipt.publishedAt).toBeGreaterThan(began - 1000)

    const many = Array.from({ length: 30 }, (_, i) => server.publish(`m${i}`))
    for (const one of await Promise.all(many)) expect(one.written).toBe(count)
    for (const heard of await messages(clients, 31))
      expect(heard).toEqual(["all", ...many.map((_, i) => `m${i}`)])
  })
})
