/** More clients than workers may open files: who is in is served, who is not is told, and the log says it once. */
import { describe, expect, it, vi } from "vitest"
import { type Client, connect, refusal } from "../../support/server/clients.ts"
import { refusedFor } from "../../support/server/figures.ts"
import { serveWorkers, TICKING, type WorkerServer } from "../../support/server/workers.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const OPEN_FILES = 300
/** A quarter of so small a limit is kept for other files. */
const CAPACITY = 225

/** Connects, twenty at a time, until each worker is full; tells how many were refused meanwhile. */
const fill = async (server: WorkerServer) => {
  const clients: Array<Client> = []
  let refused = 0
  while ([...server.byWorker(clients).values()].some(({ length }) => length < CAPACITY)) {
    const tries = Array.from({ length: 20 }, () => connect(server.url).catch(() => undefined))
    for (const client of await Promise.all(tries)) {
      if (client === undefined) refused++
      else clients.push(client)
    }
  }
  return { clients, refused }
}

describe.each(["uws", "ws"])("more clients than workers may open files, on %s", (transport) => {
  it("are refused with 503 and counted; those who are in hear on, and a place that is left is given again", async () => {
    const args = ["--server.transport", transport, ...TICKING]
    const server = await serveWorkers(2, args, { openFiles: OPEN_FILES })
    const { clients, refused } = await fill(server)
    expect(clients).toHaveLength(2 * CAPACITY)
    for (let i = 0; i < 20; i++) {
      const { status, headers } = await refusal(server.url)
      expect([status, headers["retry-after"]]).toEqual([503, "10"])
    }
    const heard = clients.map(({ messages }) => messages.all.length)
    await Promise.all(clients.map(({ messages }, i) => messages.count(heard[i]! + 2)))
    expect(clients.every(({ isOpen }) => isOpen)).toBe(true)
    const figures = await server.figures()
    expect(refusedFor(figures, "capacity")).toBe(refused + 20)
    expect(figures.get("clarion_connections")).toBe(2 * CAPACITY)

    const full = () => server.process.lines.all.filter((line) => line.startsWith("full: "))
    const line = `full: ${CAPACITY} connections are all that the open-file limit has room for; more are refused`
    // Each worker tells it once, not each time that somebody finds it full.
    expect(full()).toEqual([line, line])

    for (const { socket } of clients.slice(0, 20)) socket.close()
    await Promise.all(clients.slice(0, 20).map(({ ended }) => ended))
    const again: Array<Client> = []
    while (again.length < 20) {
      const client = await connect(server.url).catch(() => undefined)
      if (client !== undefined) again.push(client)
    }
    await server.counts(2 * CAPACITY)
    expect(server.process.stderr).toEqual([])
  })
})
