/** The load client as a process against the server as a process: the main job, small. */
import { readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { start } from "../../support/client/Program.ts"
import { endedFor, reportAt, ServerProgram, startClient } from "../../support/client/programs.ts"
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

const NUMBER = expect.any(Number)
const SUMMARY = {
  count: NUMBER,
  min: NUMBER,
  max: NUMBER,
  mean: NUMBER,
  stddev: NUMBER,
  p50: NUMBER,
  p75: NUMBER,
  p90: NUMBER,
  p95: NUMBER,
  p98: NUMBER,
  p99: NUMBER,
  p999: NUMBER
}

describe("a run against the server", () => {
  it("reports all that it measured: no errors, and every broadcast received by everyone", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await server.uri, {
      "local.ip": "127.0.1.1,127.0.1.2",
      "total.clients": 150,
      "setup.batchSize": 100,
      "setup.interval": "100 ms",
      duration: "2 seconds",
      "report.json": path
    })
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(client.errors).toBe("")

    const report = reportAt(path)
    expect(report.run).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      endedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      version: expect.stringMatching(/^\d+\./),
      node: process.version,
      cores: NUMBER
    })
    expect(report.run.durationMs).toBeGreaterThanOrEqual(2000)
    expect(report.config).toMatchObject({
      local: { ip: ["127.0.1.1", "127.0.1.2"] },
      server: { uri: await server.uri },
      total: { clients: 150 },
      setup: { batchSize: 100, interval: "100 ms" }
    })
    expect(report.connections).toEqual({
      attempted: 300,
      active: 300,
      reconnects: 0,
      waiting: 0,
      closed: 0,
      closedByCode: {},
      errors: {}
    })
    expect(report.setup).toMatchObject({ count: 300, perSecond: NUMBER, timeMs: SUMMARY })
    expect(report.setup.perSecond).toBeGreaterThan(0)

    const { broadcasts } = report
    expect(broadcasts.length).toBeGreaterThan(2)
    for (const broadcast of broadcasts) {
      expect(broadcast).toEqual({
        id: expect.stringMatching(/^\d{13}$/),
        expected: NUMBER,
        received: broadcast.expected,
        firstMs: NUMBER,
        lastMs: NUMBER
      })
      expect(broadcast.lastMs).toBeGreaterThanOrEqual(broadcast.firstMs)
    }
    expect(broadcasts.at(-1)?.expected).toBe(300)

    expect(report.messages).toMatchObject({ count: NUMBER, perSecond: NUMBER, unstamped: 0 })
    expect(report.messages.count).toBeGreaterThanOrEqual(
      broadcasts.reduce((sum, { received }) => sum + received, 0)
    )
    expect(report.latencyMs).toEqual({ ...SUMMARY, count: report.messages.count })
    const { min, p50, p75, p90, p95, p98, p99, p999, max } = report.latencyMs
    const ascending = [min, p50, p75, p90, p95, p98, p99, p999, max].map(Number)
    expect(ascending).toEqual(ascending.toSorted((a, b) => a - b))
    expect(ascending[0]).toBeGreaterThanOrEqual(0)

    // On a busy machine the client may have been the bottleneck; there is nothing else to doubt.
    expect(report.reliable).toBe(report.unreliableBecause.length === 0)
    for (const reason of report.unreliableBecause) expect(reason).toMatch(/event loop was late|of a core/)
    expect(report.thresholds).toEqual([])

    for (const address of ["127.0.1.1", "127.0.1.2"])
      expect(client.output).toContain(`"start IP: ${address}"`)
    expect(endedFor(/^1000 end of run$/, client.lines.all)).toBe(300)
    expect(client.output).toContain(`run ${report.run.id}`)
    const copies = broadcasts.reduce((sum, { received }) => sum + received, 0)
    expect(client.output).toContain(
      `broadcasts: ${broadcasts.length}, ${copies} of ${copies} copies, last after `
    )
  })

  it("prints counters, histogram and meters as scripts for C1000K's client read them", async () => {
    const client = startClient(await server.uri, { duration: "1 second", "report.interval": "400 ms" })
    expect((await client.ended).code).toBe(0)
    const reports = client.output.split(/^.* run [0-9a-f-]{36} =+$/m).slice(1)
    // One in between at least, and the last: how many there is time for is the machine's.
    expect(reports.length).toBeGreaterThanOrEqual(2)
    const names = reports
      .at(-1)!
      .split("\n")
      .filter((line) => /^(-- |[A-Z])/.test(line))
    expect(names.map((line) => line.replace(/ -+$/, ""))).toEqual([
      "-- Counters",
      "Active WebSockets",
      "WebSocket Errors",
      "-- Histograms",
      "Message latency",
      "-- Meters",
      "Message Rate",
      "Setup Rate"
    ])
    expect(reports.at(-1)).toMatch(/Active WebSockets\n +count = 10\nWebSocket Errors\n +count = 0\n/)
    const labels = [...reports.at(-1)!.matchAll(/^ +(.+?) (?:=|<=) [\d.]+( events\/second)?$/gm)]
    expect(labels.map(([, label]) => label)).toEqual([
      ...["count", "count"],
      ...["count", "min", "max", "mean", "stddev", "median", "75%", "95%", "98%", "99%", "99.9%"],
      ...["count", "mean rate", "1-minute rate", "5-minute rate", "15-minute rate"],
      ...["count", "mean rate", "1-minute rate", "5-minute rate", "15-minute rate"]
    ])
  })

  it("that keeps its thresholds says so and ends with 0", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await server.uri, {
      duration: "1 second",
      "thresholds.p99": 10_000,
      "thresholds.errors": 0,
      "thresholds.delivered": 100,
      "thresholds.messagesPerSecond": 1,
      "report.json": path
    })
    expect((await client.ended).code).toBe(0)
    expect(client.output).toMatch(/^threshold p99: [\d.]+, limit 10000: met$/m)
    expect(reportAt(path).thresholds).toEqual([
      { name: "p99", bound: "most", limit: 10_000, found: NUMBER, met: true },
      { name: "errors", bound: "most", limit: 0, found: 0, met: true },
      { name: "messagesPerSecond", bound: "least", limit: 1, found: NUMBER, met: true },
      { name: "delivered", bound: "least", limit: 100, found: 100, met: true }
    ])
  })

  it("that misses thresholds writes its report, says which in one line and ends with 1", async () => {
    const path = join(temporaryFolder(), "report.json")
    const client = startClient(await server.uri, {
      duration: "1 second",
      "thresholds.max": 0,
      "thresholds.errors": 0,
      "thresholds.setupPerSecond": 1_000_000,
      "report.json": path
    })
    expect((await client.ended).code).toBe(1)
    expect(client.errors).toMatch(
      /^thresholds missed: max is [\d.]+, limit 0; setupPerSecond is [\d.]+, limit 1000000$/
    )
    expect(client.output).toMatch(/^threshold max: [\d.]+, limit 0: MISSED$/m)
    expect(reportAt(path).thresholds.map(({ name, met }) => [name, met])).toEqual([
      ["max", false],
      ["errors", true],
      ["setupPerSecond", false]
    ])
  })

  it("whose report cannot be written does not begin, says so and ends with 73", async () => {
    const folder = temporaryFolder()
    const path = join(folder, "missing", "report.json")
    const client = startClient(await server.uri, { "report.json": path, "report.html": folder })
    expect((await client.ended).code).toBe(73)
    expect(client.errorLines.all).toEqual([
      expect.stringContaining(`the report cannot be written to ${path}: ENOENT`),
      `the report cannot be written to ${folder}: it is a directory`
    ])
    expect(client.output).toBe("")
  })

  it("one of whose reports can no longer be written prints it, writes the others and ends with 73", async () => {
    const [gone, kept] = [temporaryFolder(), temporaryFolder()]
    const client = startClient(await server.uri, {
      "report.json": join(gone, "report.json"),
      "report.junit": join(kept, "report.xml"),
      "report.html": join(kept, "report.html"),
      "report.interval": "200 ms"
    })
    await client.line(/Active WebSockets/)
    rmSync(gone, { recursive: true })
    client.signal("SIGINT")
    expect((await client.ended).code).toBe(73)
    expect(client.errorLines.all).toEqual([
      expect.stringContaining(`the report cannot be written to ${join(gone, "report.json")}: ENOENT`)
    ])
    expect(readdirSync(kept).sort()).toEqual(["report.html", "report.xml"])
    // One in between, and the last one.
    expect(client.output.split("-- Counters").length).toBeGreaterThan(2)
  })

  it.each(["SIGINT", "SIGTERM"] as const)(
    "that is ended by %s is concluded: closes, prints, writes, ends with 0",
    async (signal) => {
      const path = join(temporaryFolder(), "report.json")
      const client = startClient(await server.uri, { "report.json": path, "report.interval": "300 ms" })
      await client.line(/Active WebSockets/)
      client.signal(signal)
      expect(await client.ended).toEqual({ code: 0, signal: null })
      expect(client.errors).toBe("")
      const report = reportAt(path)
      expect(report.run.durationMs).toBeLessThan(25_000)
      expect(report.connections.active).toBe(10)
      expect(report.connections.errors).toEqual({})
      expect(endedFor(/^1000 end of run$/, client.lines.all)).toBe(10)
      expect(client.output.split("Active WebSockets").length).toBeGreaterThan(2)
    }
  )

  it("that is ended by a signal and missed a threshold ends with 1", async () => {
    const client = startClient(await server.uri, {
      "thresholds.messagesPerSecond": 1e9,
      "report.interval": "300 ms"
    })
    await client.line(/Active WebSockets/)
    client.signal("SIGINT")
    expect(await client.ended).toEqual({ code: 1, signal: null })
    expect(client.errors).toMatch(/^thresholds missed: messagesPerSecond is/)
  })
})

describe("a run that does not begin", () => {
  it("for a wrong configuration: every problem at once, exit code 78", async () => {
    const client = start([
      "dist/client.js",
      ...[
        "--total.clients",
        "none",
        "--setup.interval",
        "-1",
        "--server.uri",
        "http://x",
        "--tresholds.p99",
        "5"
      ]
    ])
    expect((await client.ended).code).toBe(78)
    expect(client.output).toBe("")
    expect(client.errorLines.all[0]).toBe("4 problems in the configuration:")
    for (const part of ["total.clients", "setup.interval", "server.uri", "thresholds.p99"])
      expect(client.errors).toContain(part)
  })

  it("because nobody listens: one line that says so, exit code 69", async () => {
    const port = await freePort()
    const client = startClient(`ws://127.0.0.1:${port}`)
    expect((await client.ended).code).toBe(69)
    expect(client.errorLines.all).toEqual([
      expect.stringMatching(
        `^cannot connect to ws://127.0.0.1:${port}: .*ECONNREFUSED.*; 10 attempts failed$`
      )
    ])
  })

  it("because the server's name cannot be found: one line that says so, exit code 69", async () => {
    const client = startClient("ws://no-such-host.invalid:8088")
    expect((await client.ended).code).toBe(69)
    expect(client.errorLines.all).toEqual([
      expect.stringMatching(/^cannot connect to ws:\/\/no-such-host\.invalid:8088: .*no-such-host\.invalid$/)
    ])
    expect(client.output).not.toContain("start IP")
  })
})
