/** What a server of workers limits as a whole, and what it cannot do. */
import * as Effect from "effect/Effect"
import { describe, expect, it, vi } from "vitest"
import { gone } from "../../support/processes/running.ts"
import { type Client, connect, refusal } from "../../support/server/clients.ts"
import { refusedFor } from "../../support/server/figures.ts"
import { serve } from "../../support/server/serve.ts"
import { serveWorkers } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const LIMIT = 12

describe.each(["uws", "ws"])("limits.connectionsPerAddress over workers on %s", (transport) => {
  const start = () =>
    serveWorkers(3, ["--server.transport", transport, "--limits.connectionsPerAddress", `${LIMIT}`])

  it("counts those of all: beyond it 429, whichever worker is asked, and other addresses are let in", async () => {
    const server = await start()
    const clients: Array<Client> = []
    while (clients.length < LIMIT) clients.push(await connect(server.url))
    for (let i = 0; i < 20; i++) expect((await refusal(server.url)).status).toBe(429)
    expect(refusedFor(await server.figures(), "address")).toBe(20)
    const others = [1, 2, 3].map(() => connect(server.url, { localAddress: "127.0.0.2" }))
    expect(await Promise.all(others)).toHaveLength(3)

    for (const { socket } of clients.slice(0, 4)) socket.close()
    await server.counts(LIMIT - 4 + 3)
    const again = [1, 2, 3, 4].map(() => connect(server.url))
    expect(await Promise.all(again)).toHaveLength(4)
    expect((await refusal(server.url)).status).toBe(429)
  })

  it("has room again for those of a worker that died", async () => {
    const server = await start()
    const clients: Array<Client> = []
    while (clients.length < LIMIT) clients.push(await connect(server.url))
    const byWorker = server.byWorker(clients)
    const [victim, theirs] = [...byWorker].sort(([, a], [, b]) => b.length - a.length)[0]!
    process.kill(victim, "SIGKILL")
    await Promise.all(theirs.map(({ ended }) => ended))
    // What the kernel still gives it would be reset.
    await gone(victim)
    await server.counts(LIMIT - theirs.length)
    for (const _ of theirs) await connect(server.url)
    expect((await refusal(server.url)).status).toBe(429)
  })
})

it.each(["uws", "ws"])("limits.handshakesPerSecond is divided among workers on %s", async (transport) => {
  const rate = 30
  const args = ["--server.transport", transport, "--limits.handshakesPerSecond", `${rate}`]
  const server = await serveWorkers(3, args)
  const began = performance.now()
  const tries = await Promise.all(
    Array.from({ length: 150 }, () => connect(server.url).catch(() => undefined))
  )
  const seconds = (performance.now() - began) / 1000
  const admitted = tries.filter((client) => client !== undefined).length
  // A burst of one second's worth, and what was earned since.
  expect(admitted).toBeLessThanOrEqual(rate * (1 + seconds))
  expect(admitted).toBeGreaterThanOrEqual(rate / 3)
  expect(refusedFor(await server.figures(), "rate")).toBe(150 - admitted)
})

it("hooks of an embedding program are refused with the reason: they would never run", async () => {
  const hooks = { onConnect: () => Effect.void, onClose: () => Effect.void }
  await expect(serve({ "server.workers": 2 }, hooks)).rejects.toMatchObject({
    _tag: "HooksElsewhere",
    hooks: expect.arrayContaining(["onConnect", "onClose"]),
    message: expect.stringContaining("server.workers 0")
  })
})
