/** Servers that are not there, refuse, or go away under the load client, which runs as a process. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { childrenOf, gone } from "../../support/client/children.ts"
import { endedFor, reportAt, ServerProgram, startClient } from "../../support/client/programs.ts"
import { answering, deaf, listen, UNAVAILABLE } from "../../support/client/servers.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const startServer = async (settings = {}): Promise<{ server: ServerProgram; uri: string }> => {
  const server = new ServerProgram(temporaryFolder(), settings)
  onTestFinished(server.cut)
  return { server, uri: await server.uri }
}

describe("a server that", () => {
  it("is killed in the middle of a run: the ends are counted, told with the reason, and the run is concluded", async () => {
    const { server, uri } = await startServer()
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(uri, {
      "local.ip": "127.0.1.1,127.0.1.2",
      "total.clients": 60,
      duration: "8 seconds",
      "report.interval": "700 ms",
      "report.json": path
    })
    await client.line(/^ +count = 120$/)
    await server.cut()
    await client.line(/closed because of/)
    client.signal("SIGINT")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(client.errors).toBe("")
    expect(endedFor(/^(1006|reset)$/, client.lines.all)).toBe(120)
    const { connections, latencyMs, run } = reportAt(path)
    const failed = Object.values(connections.errors).reduce((sum, count) => sum + count, 0)
    expect(connections).toMatchObject({ attempted: 120, active: 0 })
    expect(connections.closed + failed).toBe(120)
    expect(Object.keys(connections.errors).filter((kind) => kind !== "reset")).toEqual([])
    expect(latencyMs.count).toBeGreaterThan(0)
    // It was told when it happened and not with the end of the run.
    expect(run.durationMs).toBeLessThan(8000)
  })

  it("ends in order is told by its close code", async () => {
    const { server, uri } = await startServer()
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(uri, {
      duration: "8 seconds",
      "report.interval": "500 ms",
      "report.json": path
    })
    await client.line(/^ +count = 10$/)
    server.signal("SIGTERM")
    await client.line(/closed because of 1012/)
    client.signal("SIGINT")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(reportAt(path).run.durationMs).toBeLessThan(8000)
    expect(reportAt(path).connections).toMatchObject({ active: 0, closed: 10, closedByCode: { 1012: 10 } })
  })

  it("answers every upgrade with 503: the refusals are told and the run says that it cannot connect", async () => {
    const server = await answering((socket) => void socket.end(UNAVAILABLE))
    const client = startClient(`ws://127.0.0.1:${server.port}`)
    expect(await client.ended).toEqual({ code: 69, signal: null })
    expect(client.errorLines.all).toEqual([
      `cannot connect to ws://127.0.0.1:${server.port}: the server answered with HTTP 503; 10 attempts failed`
    ])
    expect(endedFor(/^refused with HTTP 503$/, client.lines.all)).toBe(10)
  })

  it("lets some in and answers others with 503: refused is counted, the run goes on", async () => {
    const server = await answering((socket, good, index) => {
      socket.once("data", () => void socket.end())
      if (index % 2 === 0) socket.write(good)
      else socket.end(UNAVAILABLE)
    })
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(`ws://127.0.0.1:${server.port}`, {
      "total.clients": 20,
      duration: "1 second",
      "thresholds.errors": 9,
      "report.json": path
    })
    expect(await client.ended).toEqual({ code: 1, signal: null })
    expect(client.errors).toBe("thresholds missed: errors is 10, limit 9")
    const { connections, setup } = reportAt(path)
    expect(connections).toMatchObject({ attempted: 20, active: 10 })
    expect(connections.errors).toEqual({ refused: 10 })
    expect(setup.count).toBe(10)
  })

  it("accepts and never answers: the attempts time out, and the run says that it cannot connect", async () => {
    const server = await listen()
    const client = startClient(`ws://127.0.0.1:${server.port}`, { "setup.timeout": "500 ms" })
    expect(await client.ended).toEqual({ code: 69, signal: null })
    expect(client.errors).toMatch(/no answer to the upgrade request.*; 10 attempts failed$/)
  })

  it("never answers a close frame does not hold up the end, and who asked for it is told once what is awaited", async () => {
    const server = await deaf()
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(`ws://127.0.0.1:${server.port}`, {
      "report.interval": "500 ms",
      "report.json": path
    })
    await client.line(/^ +count = 10$/)
    client.signal("SIGINT")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    const { active, errors } = reportAt(path).connections
    expect([active, errors]).toEqual([10, {}])
    expect(endedFor(/^1006$/, client.lines.all)).toBe(10)
    const told = client.lines.all.filter((line) => line.includes("ending: waits for "))
    expect(told).toEqual([
      expect.stringContaining("waits for 10 connections to close, then writes its reports")
    ])
  })

  it.each([1, 2])("is left at once at a second Ctrl-C, with %i processes", async (processes) => {
    const server = await deaf()
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(`ws://127.0.0.1:${server.port}`, {
      "setup.threadpool.size": processes,
      "report.interval": "500 ms",
      "report.json": path
    })
    await client.line(/^ +count = 10$/)
    const children = childrenOf(client.pid)
    const closing = new Promise((resolve) => void server.sockets.all[0]!.once("data", resolve))
    client.signal("SIGINT")
    await closing
    // What comes right after the first one is the same press of the keys.
    const pressing = setInterval(() => client.signal("SIGINT"), 20)
    expect(await client.ended).toEqual({ code: 130, signal: null })
    clearInterval(pressing)
    expect(existsSync(path)).toBe(false)
    await gone(children)
  })
})
