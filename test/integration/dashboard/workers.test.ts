/** What the dashboard hears of a server of worker processes, over sockets, with deltas. */
import { expect, it, vi } from "vitest"
import {
  type Actors,
  adminPaths,
  type ChannelsState,
  type Overview,
  type ReceiptsState,
  type SlowState
} from "../../../src/protocol/dashboard.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { connect } from "../../support/server/clients.ts"
import { openPage } from "../../support/server/DashboardPage.ts"
import { API_KEY } from "../../support/server/ServerProcess.ts"
import { serveApi } from "../../support/workers/ApiServer.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

it("the overview has the figures of /metrics, over all workers, and none goes back when one dies", async () => {
  const { server } = await serveApi(2)
  const page = await openPage(server.port, API_KEY)
  const overviews = await page.subscribe<Overview>("overview")
  // Of the page itself.
  const { received } = await overviews.next()
  const clients = await server.spread(20)
  for (const client of clients.slice(0, 5)) await client.send("hello")
  clients[0]!.socket.close(1000)
  await clients[0]!.ended
  const live = clients.length
  const seen = await overviews.next(
    (state) => state.received === received + 5 && state.closed === 1 && state.connections === live
  )
  const figures = await server.figures()
  expect(seen).toMatchObject({
    state: "serving",
    clients: 1,
    subscriptions: 1,
    opened: figures.get("clarion_connections_opened_total"),
    received: figures.get("clarion_messages_received_total"),
    closedByCode: { 1000: 1 },
    publications: expect.any(Number)
  })
  expect(seen.publications).toBeLessThanOrEqual(figures.get("clarion_publications_total")!)
  expect(seen.processes.map(({ name }) => name).sort()).toEqual(["primary", "worker-0", "worker-1"])
  for (const { cpuSeconds, residentBytes, heapBytes } of seen.processes)
    expect([cpuSeconds > 0, residentBytes > heapBytes, heapBytes > 0]).toEqual([true, true, true])

  const known = server.workers
  const mine = server.owners()(page.sdk.localPort)
  process.kill(known.find((pid) => pid !== mine)!, "SIGKILL")
  await server.newWorker(known)
  const after = await overviews.next(({ closedByCode }) => (closedByCode[1006] ?? 0) > 0)
  expect(after.life).toBe(seen.life)
  expect(after.opened).toBeGreaterThanOrEqual(seen.opened)
  expect(after.received).toBeGreaterThanOrEqual(seen.received)

  const { body } = await page.visitor.get("/admin/overview")
  const kept = JSON.parse(body) as ReadonlyArray<Overview>
  const heard = overviews.heard.all.map(({ at }) => at)
  expect(kept.map(({ at }) => at).filter((at) => heard.includes(at))).toEqual(heard)
})

it("actors, channels, receipts and slow consumers are told over all workers", async () => {
  const api = await serveApi(2, ["--limits.sendBuffer", "100000"])
  const { server } = api
  const page = await openPage(server.port, API_KEY)

  const actors = await page.subscribe<Actors>("actors")
  const [primary] = (await actors.next()).actors
  const workers = primary!.children.find(({ name }) => name === "workers")!.children
  expect(workers.map(({ name, state }) => [name, state])).toEqual([
    ["worker-0", "serving"],
    ["worker-1", "serving"]
  ])
  expect(workers.map(({ children }) => children[0]?.children.length)).toEqual([2, 2])
  expect(sum(workers.map(({ connections = 0 }) => connections))).toBe(1)

  const channels = await page.subscribe<ChannelsState>("channels")
  const sdks = await api.sdkEach()
  for (const sdk of sdks) await sdk.subscribe("news")
  await sdks[0]!.subscribe("recovery:rest")
  const state = await channels.next(({ shown }) => sum(shown.map(({ subscribers }) => subscribers)) === 3)
  expect(state.total).toBe(2)
  expect(state.shown).toMatchObject([
    { channel: "news", subscribers: 2 },
    { channel: "recovery:rest", subscribers: 1, hasHistory: true }
  ])

  const receipts = await page.subscribe<ReceiptsState>("receipts")
  const slow = await page.subscribe<SlowState>("slow")
  const stalled = await connect(server.url)
  stalled.raw.pause()
  const publish = (id: string) =>
    api.api("publish", { channel: "broadcast", data: "x".repeat(500_000), receipt: id })
  let [count, total] = [0, 0]
  while (total === 0) {
    await publish(`r${count++}`)
    total = (await server.figures()).get("clarion_slow_consumers_total") ?? 0
  }
  const { shown } = await slow.next((state) => state.total === total)
  expect(shown).toMatchObject([{ address: "127.0.0.1", outcome: "closed" }])
  expect(["worker-0", "worker-1"]).toContain(shown[0]!.process)
  const newest = (all: ReceiptsState) => (all.shown[0] as { readonly id: string }).id
  await publish("last")
  expect((await receipts.next((state) => newest(state) === "last")).shown).toHaveLength(count + 1)
})

it("logging out ends the connections of the session's pages, whichever worker has them", async () => {
  const { server } = await serveApi(2)
  const other = await openPage(server.port, API_KEY)
  const { visitor, sdk } = await openPage(server.port, API_KEY)
  const tabs = [sdk]
  const held = new Set([server.owners()(sdk.localPort)])
  while (held.size < 2) {
    const tab = await new Sdk(server.port, { getToken: () => visitor.token() }).connect()
    tabs.push(tab)
    held.add(server.owners()(tab.localPort))
  }
  await visitor.post(adminPaths.logOut, "")
  for (const { disconnected } of tabs) expect(await disconnected.count(1)).toEqual([3503])
  await (await other.subscribe<Overview>("overview")).next()
  expect(other.sdk.disconnected.all).toEqual([])
})
