/** The load client over several processes against the server as a process: what one process does, and once only. */
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { childrenOf, gone } from "../../support/client/children.ts"
import { Program } from "../../support/client/Program.ts"
import {
  clientArguments,
  endedFor,
  reportAt,
  ServerProgram,
  startClient
} from "../../support/client/programs.ts"
import { withServerFolder } from "../../support/client/serverFolder.ts"
import { freePort } from "../../support/client/servers.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const folder = withServerFolder()
let server: ServerProgram
beforeAll(async () => {
  server = new ServerProgram(folder)
  await server.uri
})
afterAll(() => server.cut())

const REPORT = /Active WebSockets/

describe("a run over three processes", () => {
  it("opens all from every address of a range, hears every broadcast by everyone, and is one report", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await server.uri, {
      "local.ip": "127.0.1.1-127.0.1.3",
      "total.clients": 100,
      "setup.threadpool.size": 3,
      "setup.batchSize": 50,
      "setup.interval": "100 ms",
      duration: "2500 ms",
      "report.interval": "1 minute",
      "report.json": path
    })
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(client.errors).toBe("")

    const report = reportAt(path)
    expect(report.client).toMatchObject({ processes: 3, rampRestarts: 0 })
    expect(report.connections).toMatchObject({ attempted: 300, active: 300, closed: 0, closedByCode: {} })
    expect(report.connections.errors).toEqual({})
    expect(report.setup).toMatchObject({ count: 300, timeMs: { count: 300 } })
    expect(report.setup.rampMs).toBeGreaterThan(90)
    expect(report.messages.count).toBe(report.latencyMs.count)
    expect(report.broadcasts.length).toBeGreaterThan(2)
    // The server goes on broadcasting while one process after the other tells what it has.
    for (const { expected, received } of report.broadcasts) expect(received).toBe(expected)
    expect(report.broadcasts.at(-1)).toMatchObject({ expected: 300, received: 300 })
    // Since the ramps began, not since the first process was started.
    expect(report.run.durationMs).toBeGreaterThanOrEqual(2500)
    expect(report.run.durationMs).toBeLessThan(2500 + 2000)

    expect(client.lines.all.filter((line) => REPORT.test(line))).toHaveLength(1)
    for (const address of ["127.0.1.1", "127.0.1.2", "127.0.1.3"])
      expect(client.lines.all.filter((line) => line.includes(`"start IP: ${address}"`))).toHaveLength(1)
    const ends = client.lines.all.filter((line) => line.includes("closed because of"))
    expect(endedFor(/^1000 end of run$/, ends)).toBe(300)
    expect(ends.length).toBeLessThanOrEqual(2)
    expect(client.output).toContain('"3 processes for the connections, 100 in each at most')
  })

  it.each(["SIGINT", "SIGTERM"] as const)(
    "that gets %s with all its processes, as from a terminal, is concluded once and ends with 0",
    async (signal) => {
      const path = join(temporaryFolder(), "report.json")
      const client = startClient(await server.uri, {
        "setup.threadpool.size": 3,
        "report.interval": "300 ms",
        "report.json": path
      })
      await client.line(/^ +count = 10$/)
      const children = childrenOf(client.pid)
      expect(children).toHaveLength(3)
      for (const pid of [...children, client.pid]) process.kill(pid, signal)
      expect(await client.ended).toEqual({ code: 0, signal: null })
      expect(client.errors).toBe("")
      const { connections, client: load } = reportAt(path)
      expect(connections).toMatchObject({ attempted: 10, active: 10, errors: {} })
      expect(load).toMatchObject({ processes: 3, rampRestarts: 0 })
      expect(endedFor(/^1000 end of run$/, client.lines.all)).toBe(10)
      await gone(children)
    }
  )

  it("that is stopped before all processes are ready ends in order, with nothing measured", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await server.uri, { "setup.threadpool.size": 10, "report.json": path })
    await client.line(/10 processes/)
    const children = childrenOf(client.pid)
    client.signal("SIGTERM")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(reportAt(path).connections).toMatchObject({ attempted: 0, active: 0 })
    await gone(children)
  })

  it("because nobody listens ends as one process does: one line, exit code 69", async () => {
    const port = await freePort()
    const client = startClient(`ws://127.0.0.1:${port}`, { "setup.threadpool.size": 3 })
    expect((await client.ended).code).toBe(69)
    expect(client.errorLines.all).toEqual([
      expect.stringMatching(
        `^cannot connect to ws://127.0.0.1:${port}: .*ECONNREFUSED.*; 10 attempts failed$`
      )
    ])
  })

  it("that misses a threshold says so once and ends with 1", async () => {
    const client = startClient(await server.uri, {
      "setup.threadpool.size": 2,
      duration: "700 ms",
      "thresholds.messagesPerSecond": 1e9
    })
    expect(await client.ended).toEqual({ code: 1, signal: null })
    expect(client.errorLines.all).toEqual([expect.stringMatching(/^thresholds missed: messagesPerSecond is/)])
  })
})

describe("more connections than one process may open files for", () => {
  const path = join(folder, "more.json")
  let client: Program
  beforeAll(async () => {
    const settings = {
      "total.clients": 400,
      "setup.batchSize": 400,
      duration: "2 seconds",
      "report.json": path
    }
    client = new Program(clientArguments(await server.uri, settings), { openFiles: 200 })
    await client.ended
  })
  afterAll(() => client.cut())

  it("are spread over as many processes as it takes, and the log says why", async () => {
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(client.output).toContain(
      '"3 processes for the connections, 134 in each at most (open files: 200)"'
    )
    expect(reportAt(path).client.processes).toBe(3)
  })

  it("are all opened, and hear every broadcast", () => {
    const { connections, broadcasts, setup } = reportAt(path)
    expect(connections).toMatchObject({ attempted: 400, active: 400, errors: {} })
    expect(setup.count).toBe(400)
    expect(broadcasts.at(-1)).toMatchObject({ expected: 400, received: 400 })
  })
})
