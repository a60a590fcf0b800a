/** What the dashboard hears of a server with real connections. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { Overview } from "../../../src/protocol/dashboard.ts"
import { Overviews } from "../../../src/services/dashboard/Overviews.ts"
import { connectMany } from "../../support/server/clients.ts"
import { listenTo } from "../../support/server/DashboardListener.ts"
import { closedWith } from "../../support/server/figures.ts"
import { serve } from "../../support/server/serve.ts"

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
