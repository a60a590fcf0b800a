/** How the server ends as a process: by a signal under load, or because it cannot go on. */
import { describe, expect, it } from "vitest"
import { connectMany } from "../support/server/clients.ts"
import { openRaw, requestOf } from "../support/server/RawClient.ts"
import { launch } from "../support/server/ServerProcess.ts"

/** Broadcasts at every tick, so that signals come in the middle of work. */
const BUSY = [
  "--sending.timer.delay",
  "20 ms",
  "--sending.timer.interval",
  "20 ms",
  "--totalSize",
  "1",
  "--onlyTestConnect",
  "false"
]

describe.each(["uws", "ws"])("the end of a process that serves over %s", (transport) => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "%s under load: everyone is closed with 1012, exit code 0, in time",
    async (signal) => {
      const server = launch(["--server.transport", transport, "--shutdown.timeout", "1 second", ...BUSY])
      const clients = await connectMany(`ws://127.0.0.1:${await server.port()}`, 300)
      await Promise.all(clients.map(({ messages }) => messages.count(3)))
      const began = performance.now()
      server.kill(signal)
      expect(await server.ended).toEqual({ code: 0, signal: null })
      const tookMs = performance.now() - began
      const codes = await Promise.all(clients.map(async ({ ended }) => (await ended).code))
      expect(codes.filter((code) => code !== 1012)).toEqual([])
      // shutdown.timeout, a second for clients to answer, and another for a machine that is busy.
      expect(tookMs).toBeLessThan(3000)
      expect(server.lines.all).toContain("closing 300 connections")
      expect(server.stderr).toEqual([])
    }
  )

  it("SIGTERM does not wait for clients that answer nothing", async () => {
    const server = launch(["--server.transport", transport, "--shutdown.timeout", "200 ms", ...BUSY])
    const port = await server.port()
    const clients = await connectMany(`ws://127.0.0.1:${port}`, 5)
    for (const { raw } of clients.slice(0, 3)) raw.pause()
    const mute = await openRaw({ port, isSecure: false })
    await clients[4]!.messages.count(2)
    const began = performance.now()
    server.kill("SIGTERM")
    expect(await server.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(3000)
    expect((await clients[4]!.ended).code).toBe(1012)
    await mute.ended
  })

  it("a request that no Request can be made of does not end the process", async () => {
    const server = launch(["--server.transport", transport])
    const place = { port: await server.port(), isSecure: false }
    const odd = (await openRaw(place)).send(requestOf({ Host: "x" }, { method: "TRACE" }))
    await Promise.race([odd.head().catch(() => {}), odd.ended])
    odd.socket.destroy()
    const [client] = await connectMany(`ws://127.0.0.1:${place.port}`, 1)
    server.kill("SIGTERM")
    expect((await client!.ended).code).toBe(1012)
    expect(await server.ended).toEqual({ code: 0, signal: null })
  })
})

describe("a process that cannot go on", () => {
  it("a shard that crashes for ever spends its budget: the process tells it once and exits with an error", async () => {
    const server = launch([], { program: "test/support/server/crashing.mjs" })
    await server.port()
    const { code, signal } = await server.ended
    expect([code === 0, signal]).toEqual([false, null])
    const restarts = server.lines.all.filter((line) =>
      line.includes("shard-0 crashed: a bug in shard-0; restart in")
    )
    expect(restarts.map((line) => /restart in (\d+) ms/.exec(line)?.[1])).toEqual([
      "100",
      "200",
      "400",
      "800",
      "1600"
    ])
    // The log has it too; for people there is this one line, without a stack.
    expect(server.stderr).toEqual(["primary/shards/shard-0 crashed again after 5 restarts: a bug in shard-0"])
  })
})
