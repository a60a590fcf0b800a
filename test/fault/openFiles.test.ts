/** More clients than the process may open files: those who are in are served, those who are not are told, and the process lives. */
import { describe, expect, it } from "vitest"
import { type Client, connect, refusal } from "../support/server/clients.ts"
import { openRaw, type RawClient } from "../support/server/RawClient.ts"
import { launch, type ServerProcess } from "../support/server/ServerProcess.ts"

const OPEN_FILES = 300
/** A quarter of so small a limit is kept for other files. */
const CAPACITY = 225

const TICKING = ["--sending.timer.delay", "0", "--sending.timer.interval", "100 ms", "--totalSize", "1"]

/** Connects until the server is full; one after the other, so that the number is exact. */
const fill = async (url: string): Promise<ReadonlyArray<Client>> => {
  const clients: Array<Client> = []
  while (clients.length < CAPACITY) clients.push(await connect(url))
  return clients
}

/** Tries until it is let in. */
const connectAtLast = async (url: string): Promise<Client> => {
  while (true) {
    const client = await connect(url).catch(() => undefined)
    if (client !== undefined) return client
  }
}

/** Settles when each client has heard so many more broadcasts: 100 ms each. */
const ticks = (clients: ReadonlyArray<Client>, count: number) =>
  Promise.all(clients.map(({ messages }) => messages.count(messages.all.length + count)))

/** Part of one core that the process takes while broadcasts go out to these clients. */
const cpuShare = async (server: ServerProcess, clients: ReadonlyArray<Client>): Promise<number> => {
  const [cpu, at] = [server.cpuSeconds(), performance.now()]
  await ticks(clients, 10)
  return (server.cpuSeconds() - cpu) / ((performance.now() - at) / 1000)
}

describe.each(["uws", "ws"])("more clients than open files, on %s", (transport) => {
  const start = async () => {
    const server = launch(["--server.transport", transport, "--onlyTestConnect", "false", ...TICKING], {
      openFiles: OPEN_FILES
    })
    const port = await server.port()
    return { server, port, url: `ws://127.0.0.1:${port}` }
  }

  it("beyond capacity the answer is 503, those who are in hear on, and a place that is left is given again", async () => {
    const { server, url } = await start()
    const clients = await fill(url)
    for (let i = 0; i < 20; i++) {
      const { status, headers } = await refusal(url)
      expect([status, headers["retry-after"]]).toEqual([503, "10"])
    }
    const burst = await Promise.all(Array.from({ length: 100 }, () => refusal(url)))
    expect(burst.every(({ status }) => status === 503)).toBe(true)
    await ticks(clients, 2)

    for (const { socket } of clients.slice(0, 10)) socket.close()
    await Promise.all(clients.slice(0, 10).map(({ ended }) => ended))
    const again = await Promise.all(Array.from({ length: 10 }, () => connect(url)))
    await ticks([...again, ...clients.slice(10)], 2)
    expect((await refusal(url)).status).toBe(503)
    server.kill("SIGTERM")
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })

  it("sockets that never shake hands take all that is left: those who are in hear on, and the process does not spin", async () => {
    const { server, port, url } = await start()
    const clients = await fill(url)
    // The kernel queues them, the server cuts them, or it listens no more: whatever, as long as it is not busy with it.
    const mute: Array<RawClient> = []
    for (let i = 0; i < 120; i++)
      await openRaw({ port, isSecure: false }).then(
        (raw) => mute.push(raw),
        () => {}
      )
    expect(mute.length).toBeGreaterThanOrEqual(OPEN_FILES - CAPACITY - 50)
    await ticks(clients, 15)
    expect(await cpuShare(server, clients)).toBeLessThan(0.4)

    for (const { socket } of mute) socket.destroy()
    for (const { socket } of clients.slice(0, 50)) socket.close()
    await Promise.all(clients.slice(0, 50).map(({ ended }) => ended))
    const again = [
      await connectAtLast(url),
      ...(await Promise.all(Array.from({ length: 19 }, () => connect(url))))
    ]
    await ticks([...again, ...clients.slice(50)], 2)
    server.kill("SIGTERM")
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})
