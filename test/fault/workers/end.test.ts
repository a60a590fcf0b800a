/** How a server of workers ends: by a signal, whatever it is at, or because its primary was killed. Nothing of it is left. */
import { createServer } from "node:net"
import { describe, expect, it, vi } from "vitest"
import { childrenOf, gone, isRunning, look } from "../../support/processes/running.ts"
import type { Client } from "../../support/server/clients.ts"
import { launch } from "../../support/server/ServerProcess.ts"
import { serveWorkers, TICKING, type WorkerServer } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const ORDERLY = { code: 0, signal: null }

/** Time for clients to answer the close frame, at the end of `shutdown.timeout`, and for a machine that is busy. */
const GRACE_MS = 2000 + 2000

const codes = (clients: ReadonlyArray<Client>) =>
  Promise.all(clients.map(async ({ ended }) => (await ended).code))

const only = (code: number, clients: ReadonlyArray<Client>) => clients.map(() => code)

/** Whether a port can be listened on. */
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)))
  })

/** Everything has ended, and the port is free. */
const nothingLeft = async ({ port }: WorkerServer, workers: ReadonlyArray<number>) => {
  await Promise.all(workers.map(gone))
  expect(await isFree(port)).toBe(true)
}

describe.each(["uws", "ws"])("the end of workers on %s", (transport) => {
  const on = ["--server.transport", transport]

  it("SIGTERM: everyone is closed with 1012, spread over the time there is, exit code 0, in time", async () => {
    const server = await serveWorkers(3, [...on, ...TICKING, "--shutdown.timeout", "1 second"])
    const clients = await server.spread(600, 50)
    await server.counts(clients.length)
    await Promise.all(clients.map(({ messages }) => messages.count(2)))
    const { workers } = server
    const closedAt = Promise.all(clients.map(({ ended }) => ended.then(() => performance.now())))
    const began = performance.now()
    server.process.kill("SIGTERM")
    expect(await server.process.ended).toEqual(ORDERLY)
    expect(performance.now() - began).toBeLessThan(1000 + GRACE_MS)
    expect(await codes(clients)).toEqual(only(1012, clients))
    // 2,000 a second, so that not all come back at once: 300 ms for 600.
    const times = await closedAt
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100)
    expect(server.process.lines.all).toContain(`closing ${clients.length} connections`)
    expect(server.process.stderr).toEqual([])
    await nothingLeft(server, workers)
  })

  it("the primary killed: its workers close their connections with 1012 and exit, in time", async () => {
    const server = await serveWorkers(3, [...on, ...TICKING, "--shutdown.timeout", "1 second"])
    const clients = await server.spread(60)
    const { workers } = server
    const began = performance.now()
    server.process.kill("SIGKILL")
    expect(await codes(clients)).toEqual(only(1012, clients))
    await nothingLeft(server, workers)
    expect(performance.now() - began).toBeLessThan(1000 + GRACE_MS)
  })
})

it.each([
  ["SIGTERM", "uws"],
  ["SIGINT", "ws"]
] as const)("%s to the whole group, as a terminal sends it, on %s: the same", async (signal, transport) => {
  const args = ["--server.transport", transport, ...TICKING, "--shutdown.timeout", "1 second"]
  const server = await serveWorkers(2, args, { ownGroup: true })
  const clients = await server.spread(20)
  const { workers } = server
  process.kill(-server.pid, signal)
  expect(await server.process.ended).toEqual(ORDERLY)
  expect(await codes(clients)).toEqual(only(1012, clients))
  expect(server.process.stderr).toEqual([])
  await nothingLeft(server, workers)
})

describe("SIGTERM", () => {
  it("while a worker is stopped: the others close in order, it is killed, exit code 0, in time", async () => {
    const server = await serveWorkers(3, ["--shutdown.timeout", "1 second"])
    const clients = await server.spread(30)
    const { workers } = server
    const stopped = server.byWorker(clients).get(workers[1]!)!
    process.kill(workers[1]!, "SIGSTOP")
    const began = performance.now()
    server.process.kill("SIGTERM")
    expect(await server.process.ended).toEqual(ORDERLY)
    expect(performance.now() - began).toBeLessThan(1000 + GRACE_MS)
    const others = clients.filter((client) => !stopped.includes(client))
    expect(await codes(others)).toEqual(only(1012, others))
    expect(await codes(stopped)).toEqual(only(1006, stopped))
    expect(server.process.lines.all).toContain("not ended in time, killed: worker-1")
    await nothingLeft(server, workers)
  })

  it("while workers start: they end with it, exit code 0", async () => {
    const server = launch(["--server.workers", "3"])
    const seen = new Set<number>()
    const watch = () => {
      for (const pid of childrenOf(server.child.pid!)) seen.add(pid)
    }
    while (seen.size < 2) {
      await look()
      watch()
    }
    server.kill("SIGTERM")
    watch()
    expect(await server.ended).toEqual(ORDERLY)
    expect(server.lines.all.some((line) => line.startsWith("serving on"))).toBe(false)
    expect(server.stderr).toEqual([])
    await Promise.all([...seen].map(gone))
  })

  it("while a worker waits for its restart: it is not started again, exit code 0", async () => {
    const server = await serveWorkers(2, ["--shutdown.timeout", "1 second"])
    const { workers } = server
    process.kill(workers[0]!, "SIGKILL")
    await server.process.lines.first((line) => line.includes("worker-0 crashed"))
    server.process.kill("SIGTERM")
    const began = performance.now()
    expect(await server.process.ended).toEqual(ORDERLY)
    expect(performance.now() - began).toBeLessThan(1000 + GRACE_MS)
    expect(server.process.stderr).toEqual([])
    await nothingLeft(server, workers)
    expect(isRunning(server.pid)).toBe(false)
  })

  it("while the replacement of a worker starts: it ends with the others, exit code 0, in time", async () => {
    const server = await serveWorkers(2, ["--shutdown.timeout", "1 second"])
    const clients = await server.spread(10, 2)
    const { workers } = server
    const theirs = server.byWorker(clients).get(workers[1]!)!
    process.kill(workers[0]!, "SIGKILL")
    const replacement = await server.newWorker(workers)
    server.process.kill("SIGTERM")
    const began = performance.now()
    expect(await server.process.ended).toEqual(ORDERLY)
    expect(performance.now() - began).toBeLessThan(1000 + GRACE_MS)
    expect(await codes(theirs)).toEqual(only(1012, theirs))
    // It is not waited for: nobody is connected to it.
    expect(server.process.lines.all.filter((line) => line.includes("not ended in time"))).toEqual([])
    expect(server.process.stderr).toEqual([])
    await nothingLeft(server, [...workers, replacement])
  })

  it("and a worker killed meanwhile: the others close in order, exit code 0, in time", async () => {
    const server = await serveWorkers(2, ["--shutdown.timeout", "2 seconds"])
    const clients = await server.spread(400, 100)
    await server.counts(clients.length)
    const { workers } = server
    const byWorker = server.byWorker(clients)
    server.process.kill("SIGTERM")
    const began = performance.now()
    await server.process.lines.first((line) => line.startsWith("closing"))
    process.kill(workers[1]!, "SIGKILL")
    expect(await server.process.ended).toEqual(ORDERLY)
    expect(performance.now() - began).toBeLessThan(2000 + GRACE_MS)
    const others = byWorker.get(workers[0]!)!
    expect(await codes(others)).toEqual(only(1012, others))
    await nothingLeft(server, workers)
  })
})

it("the primary killed while workers start: they end, too", async () => {
  const server = launch(["--server.workers", "3"])
  while (childrenOf(server.child.pid!).length < 3) await look()
  const workers = childrenOf(server.child.pid!)
  server.kill("SIGKILL")
  await Promise.all(workers.map(gone))
})
