/** What the dashboard hears of a server with real connections. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type {
  Actors,
  Overview,
  ReceiptsState,
  SchedulesState,
  SlowState
} from "../../../src/protocol/dashboard.ts"
import { Overviews } from "../../../src/services/dashboard/Overviews.ts"
import { serveCentrifuge } from "../../support/centrifuge/centrifugeServer.ts"
import { look } from "../../support/processes/running.ts"
import { ask } from "../../support/server/ask.ts"
import { connect, connectMany } from "../../support/server/clients.ts"
import { listenTo } from "../../support/server/DashboardListener.ts"
import { closedWith } from "../../support/server/figures.ts"
import { API_KEY, bytesOf, type Served, serve } from "../../support/server/serve.ts"

/** What the API answers. */
const api = async (server: Served, method: string, path: string, body?: object): Promise<unknown> => {
  const asked = { method, headers: { "x-api-key": API_KEY } }
  const answer = await ask(
    server.port,
    path,
    body === undefined ? asked : { ...asked, body: JSON.stringify(body) }
  )
  expect([path, answer.status]).toEqual([path, method === "POST" && path === "/api/schedules" ? 201 : 200])
  return JSON.parse(answer.body)
}

describe.each(["uws", "ws"])("the overview on %s", (transport) => {
  it("has the figures of /metrics", async () => {
    const server = await serve({ "server.transport": transport })
    const clients = await connectMany(server.url(), 5)
    await clients[0]!.send("hello")
    clients[0]!.socket.close(1000)
    await server.closes.count(1)
    await server.broadcast("one")
    const receipt = await server.broadcast("two")

    const overview = await (await listenTo<Overview>(server, "overview")).next()
    const figures = await server.figures()
    const of = (name: string) => figures.get(name)
    expect(overview).toMatchObject({
      state: "serving",
      connections: 4,
      clients: 0,
      opened: of("clarion_connections_opened_total"),
      closed: 1,
      closedByCode: { 1000: closedWith(figures, 1000) },
      refused: {},
      broadcasts: of("clarion_broadcasts_total"),
      publications: 0,
      written: 8,
      writtenInChannels: 0,
      dropped: { slow: 0, mailbox: 0 },
      missed: 0,
      received: 1,
      slowConsumers: 0,
      timeToLastWriteMs: receipt.timeToLastWriteMs
    })
    expect([overview.opened, overview.broadcasts]).toEqual([5, 2])
    expect(overview.processes).toEqual([
      {
        name: "server",
        loopDelayMs: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
        cpuSeconds: expect.any(Number),
        residentBytes: expect.any(Number),
        heapBytes: expect.any(Number)
      }
    ])
    expect(overview.processes[0]!.cpuSeconds).toBeGreaterThan(0)
    expect(overview.processes[0]!.residentBytes).toBeGreaterThan(overview.processes[0]!.heapBytes)
  })
})

describe("the overview", () => {
  it("follows what happens, and is kept for those who look later", async () => {
    const server = await serve({})
    const listener = await listenTo<Overview>(server, "overview")
    expect((await listener.next()).connections).toBe(0)
    await connectMany(server.url(), 3)
    const seen = await listener.next(({ connections }) => connections === 3)
    listener.leave()
    const kept = await server.runtime.runPromise(Effect.map(Overviews, ({ kept }) => kept()))
    const all = JSON.parse(kept) as ReadonlyArray<Overview>
    expect(all.map(({ at }) => at)).toEqual(listener.states.all.map(({ at }) => at))
    expect(all.at(-1)).toEqual(seen)
  })

  it("tells by another life that the server was started again", async () => {
    const lives: Array<Overview> = []
    for (const _ of [1, 2]) {
      const before = Date.now()
      const server = await serve({})
      const overview = await (await listenTo<Overview>(server, "overview")).next()
      expect(overview.startedAt).toBeGreaterThanOrEqual(before - 1)
      expect(overview.at).toBeGreaterThanOrEqual(overview.startedAt)
      lives.push(overview)
      await server.stop()
    }
    expect(lives[0]!.life).not.toBe(lives[1]!.life)
  })
})

describe("the actors", () => {
  it("are those of /api/actors, as they are now", async () => {
    const server = await serve({})
    await connectMany(server.url(), 4)
    const listener = await listenTo<Actors>(server, "actors")
    const { actors } = await listener.next()
    const answer = (await api(server, "GET", "/api/actors")) as { readonly result: object }
    expect({ actors }).toEqual(answer.result)
    await server.crash(0, "a bug")
    const restarts = ({ actors: [primary] }: Actors) =>
      primary!.children.find(({ name }) => name === "shards")!.children[0]!.restarts
    await listener.next((state) => restarts(state) === 1)
  })
})

describe("receipts", () => {
  it("are the newest, as /api/receipts has them, and follow what comes", async () => {
    const server = await serve({})
    await connectMany(server.url(), 2)
    await server.broadcast("one", { id: "r1" })
    const listener = await listenTo<ReceiptsState>(server, "receipts")
    const newest = (state: ReceiptsState) => (state.shown[0] as { readonly id: string } | undefined)?.id
    const first = await listener.next()
    await server.broadcast("two", { id: "r2" })
    const second = await listener.next((state) => newest(state) === "r2")
    expect(newest(first)).toBe("r1")
    const { receipts } = (await api(server, "GET", "/api/receipts")) as { readonly receipts: unknown }
    expect(second.shown).toEqual(receipts)
  })
})

describe("schedules", () => {
  const ids = ({ shown }: SchedulesState) => shown.map((one) => (one as { readonly id: string }).id)

  it("are those that are due next and those that are paused, as /api/schedules has them", async () => {
    const server = await serve({})
    const listener = await listenTo<SchedulesState>(server, "schedules")
    expect(await listener.next()).toMatchObject({ total: 0, shown: [] })
    const add = (id: string, delay: string) =>
      api(server, "POST", "/api/schedules", { id, delay, channels: ["news"], data: "hello" })
    await add("a-later", "3 hours")
    await add("b-paused", "1 hour")
    await add("c-soon", "2 hours")
    await add("d-cancelled", "1 minute")
    await api(server, "POST", "/api/schedules/b-paused/pause")
    await api(server, "DELETE", "/api/schedules/d-cancelled")
    const state = await listener.next((state) => ids(state).at(-1) === "b-paused" && ids(state).length === 3)
    expect(ids(state)).toEqual(["c-soon", "a-later", "b-paused"])
    expect(state.total).toBe(4)
    const { schedules } = (await api(server, "GET", "/api/schedules")) as {
      readonly schedules: ReadonlyArray<{ readonly id: string }>
    }
    const byId = new Map(schedules.map((schedule) => [schedule.id, schedule]))
    expect(state.shown).toEqual(ids(state).map((id) => byId.get(id)))
    await api(server, "POST", "/api/schedules/b-paused/resume")
    expect(ids(await listener.next())).toEqual(["b-paused", "c-soon", "a-later"])
  })
})

describe.each(["uws", "ws"])("slow consumers on %s", (transport) => {
  it.each([
    ["close", "closed"],
    ["drop", "dropped"]
  ])("policy %s: are told of as %s, once", async (policy, outcome) => {
    const server = await serve({
      "server.transport": transport,
      "limits.sendBuffer": 100_000,
      "limits.slowConsumer": policy
    })
    const listener = await listenTo<SlowState>(server, "slow")
    expect(await listener.next()).toMatchObject({ total: 0, shown: [] })
    const stalled = await connect(server.url())
    stalled.raw.pause()
    let dropped = 0
    while (dropped < 3 && (await server.connections()) === 1)
      dropped += (await server.broadcast(bytesOf(100_000))).dropped
    const total = (await server.figures()).get("clarion_slow_consumers_total")
    expect(total).toBe(outcome === "closed" ? 1 : 3)
    const state = await listener.next((state) => state.total === total)
    expect(state.shown).toEqual([
      {
        at: expect.any(Number),
        process: "server",
        address: "127.0.0.1",
        waitingBytes: expect.any(Number),
        outcome
      }
    ])
    expect(state.shown[0]!.waitingBytes).toBeGreaterThan(100_000)
  })
})

it("slow clients of the protocol are told of by their ids", async () => {
  const server = await serveCentrifuge("uws", { "client.queueMaxSize": 100_000 })
  const listener = await listenTo<SlowState>(server.served, "slow")
  const stalled = await connect(server.served.url("/connection/websocket"))
  await stalled.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"news"}}')
  const [reply] = await stalled.messages.until((all) => all.join("").includes('"id":2'))
  const { client } = JSON.parse(String(reply).split("\n")[0]!).connect as { readonly client: string }
  stalled.raw.pause()
  const isFound = ({ total }: SlowState) => total > 0
  while (!listener.states.all.some(isFound)) {
    await server.publish("news", { text: "x".repeat(50_000) })
    await look()
  }
  const { shown } = listener.states.all.find(isFound)!
  expect(shown).toMatchObject([{ client, user: "", outcome: "closed" }])
})
