/** Every scenario of the load client against the server, with one process of the client and with two. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { flags, start } from "../../support/client/Program.ts"
import { ServerProgram } from "../../support/client/programs.ts"
import {
  API_KEY,
  NO_HISTORY,
  PUBLISHING,
  QUIET,
  SUBSCRIBED,
  startScenario
} from "../../support/client/scenarioRuns.ts"
import { withServerFolder } from "../../support/client/serverFolder.ts"

const folder = withServerFolder()
const NONE = { code: 0, signal: null }
const NUMBER = expect.any(Number)

/** One server for the tests of a block. */
const withServer = (settings: Readonly<Record<string, unknown>>): (() => Promise<string>) => {
  let server: ServerProgram
  beforeAll(() => {
    server = new ServerProgram(folder, settings)
    return server.uri
  })
  afterAll(() => server.cut())
  return () => server.uri
}

describe.each([1, 2])("over %i processes of the client", (processes) => {
  const uri = withServer(QUIET)
  const spread = { "total.clients": 40, "setup.threadpool.size": processes }

  it("ramp ends when all are open", async () => {
    const run = startScenario(await uri(), "ramp", { ...spread, "setup.batchSize": 10 })
    const { end, report, figures } = await run.ended()
    expect([end, run.client.errors]).toEqual([NONE, ""])
    expect(figures).toEqual({
      ...{ opened: 40, failed: 0, allOpen: NUMBER },
      ...{ setupP50: NUMBER, setupP99: NUMBER, setupMax: NUMBER }
    })
    expect(report.client.processes).toBe(processes)
    expect(report.thresholds).toMatchObject([{ name: "errors", limit: 0, found: 0, met: true }])
    expect(report.connections).toMatchObject({ attempted: 40, active: 40 })
  })

  it("hold goes on, and hears what the client publishes", async () => {
    const run = startScenario(await uri(), "hold", { ...spread, ...PUBLISHING, "hold.duration": "2 seconds" })
    const { end, report, figures } = await run.ended()
    expect([end, run.client.errors]).toEqual([NONE, ""])
    expect(figures).toMatchObject({ held: 40, ended: 0, failed: 0, publishFailed: 0, publishSkipped: NUMBER })
    expect(figures.published).toBeGreaterThan(0)
    expect(report.messages.unstamped).toBe(0)
    expect(report.latencyMs.count).toBe(report.messages.count)
    expect(report.broadcasts.at(-1)).toMatchObject({ expected: 40, received: 40 })
  })

  it("spike opens all in one step", async () => {
    const run = startScenario(await uri(), "spike", {
      ...{ ...spread, "total.clients": 1200, "hold.duration": "500 ms", "setup.interval": "1 hour" },
      "setup.timeout": "1 minute"
    })
    // What comes after the only step is an hour away, so a run that needed another one would not get as far as this.
    await run.client.line(/^ +count = 1200$/)
    run.client.signal("SIGINT")
    const { end, figures } = await run.ended()
    expect(end).toEqual(NONE)
    expect(figures).toMatchObject({ opened: 1200, failed: 0 })
  })

  it("churn reconnects a share, and nobody who stays misses anything", async () => {
    const run = startScenario(await uri(), "churn", {
      ...{ ...spread, ...PUBLISHING, "churn.share": 25, "hold.duration": "3 seconds" },
      ...{ "thresholds.delivered": 100, "thresholds.errors": 0, "reconnect.minDelay": "200 ms" }
    })
    const { end, report, figures } = await run.ended()
    expect([run.client.errors, end]).toEqual(["", NONE])
    expect(figures.lost).toBeGreaterThanOrEqual(20)
    expect(figures.returned).toBe(figures.lost)
    expect(report.connections).toMatchObject({ active: 40, errors: {} })
    expect(report.connections.reconnects).toBe(figures.returned)
    expect(report.connections.closedByCode).toEqual({ 1000: figures.lost })
    // Raw connections miss what is published while they are away: 20 a second for some 100 ms each.
    expect(figures.missed).toBeGreaterThan(0)
    expect(figures.missed).toBeLessThan(20 * figures.lost!)
    expect(figures).not.toHaveProperty("notRecovered")
  })

  it("drop cuts all, which recover all that they missed", async () => {
    const run = startScenario(await uri(), "drop", {
      ...{ ...spread, ...SUBSCRIBED, ...PUBLISHING, "drop.delay": "500 ms" },
      ...{ "thresholds.missed": 0, "thresholds.notRecovered": 0, "thresholds.recovery": 30_000 }
    })
    const { end, report, figures } = await run.ended()
    expect([run.client.errors, end]).toEqual(["", NONE])
    expect(figures).toMatchObject({
      ...{ cut: 40, lost: 40, returned: 40, recovered: 40, notRecovered: 0, missed: 0, duplicates: 0 },
      ...{ recoveryP50: NUMBER, recoveryP99: NUMBER, recoveryLast: NUMBER, publishFailed: 0 }
    })
    expect(figures.recoveredPublications).toBeGreaterThan(0)
    expect(figures.recoveryLast).toBeGreaterThanOrEqual(figures.recoveryP50!)
    expect(report.thresholds.map(({ name, met }) => [name, met])).toEqual([
      ["missed", true],
      ["recovery", true],
      ["notRecovered", true]
    ])
    expect(report.connections).toMatchObject({ active: 40, reconnects: 40, closedByCode: { 1006: 40 } })
  })

  it("slow-reader tells what became of those that do not read, and the latency of the others", async () => {
    const run = startScenario(await uri(), "slow-reader", {
      ...{ "total.clients": 4, "setup.threadpool.size": processes, "slowReader.share": 50 },
      // What the kernel holds back for a connection, some 11 MB, is full in a second or two.
      ...{ ...PUBLISHING, "publish.rate": 150, "publish.bytes": 65_536, "hold.duration": "8 seconds" },
      "thresholds.delivered": 100
    })
    const { end, report, figures } = await run.ended()
    expect([run.client.errors, end]).toEqual(["", NONE])
    // One for each process at least.
    expect(figures).toMatchObject({
      slow: 2,
      slowClosed3008: 2,
      slowEnded: 0,
      slowOpen: 0,
      readersP99: NUMBER
    })
    expect(figures.slowMessages).toBeGreaterThan(0)
    expect(report.connections).toMatchObject({ active: 2, closedByCode: { 3008: 2 } })
    expect(report.broadcasts.at(-1)).toMatchObject({ expected: 2, received: 2 })
  }, 60_000)
})

describe("drop in a channel without history", () => {
  const uri = withServer(NO_HISTORY)

  it("counts what was missed, and fails where nothing may be", async () => {
    const run = startScenario(await uri(), "drop", {
      ...{ "total.clients": 20, ...SUBSCRIBED, ...PUBLISHING, "drop.delay": "1 second" },
      ...{ "thresholds.missed": 0, "thresholds.notRecovered": 0 }
    })
    const { end, figures } = await run.ended()
    expect(end.code).toBe(1)
    expect(figures).toMatchObject({ lost: 20, returned: 20, recovered: 0, notRecovered: 20 })
    expect(figures.missed).toBeGreaterThan(0)
    expect(run.client.errors).toBe(
      `thresholds missed: missed is ${figures.missed}, limit 0; notRecovered is 20, limit 0`
    )
  })
})

describe("find-max", () => {
  const uri = withServer({ ...QUIET, "limits.connectionsPerAddress": 30 })

  it.each([1, 2])("of connections finds what the server takes, over %i processes", async (processes) => {
    const run = startScenario(await uri(), "find-max", {
      ...{ "total.clients": 50, "setup.threadpool.size": processes, "findMax.levels": 5 },
      ...{ "findMax.hold": "300 ms", ...PUBLISHING, "thresholds.p99": 60_000 }
    })
    const { end, report, figures } = await run.ended()
    expect([run.client.errors, end]).toEqual(["", NONE])
    expect(figures.highest).toBe(30)
    const steps = report.scenario?.steps ?? []
    expect(steps.map(({ level, held }) => [level, held])).toEqual([
      [10, true],
      [20, true],
      [30, true],
      [40, false]
    ])
    expect(steps[3]?.because).toBe("30 of 40 connections are open; errors is 10, limit 0")
    // Its limits judge the levels and not the run.
    expect(report.thresholds).toEqual([])
  })

  it("of connections fails where the lowest level does not hold", async () => {
    const run = startScenario(await uri(), "find-max", {
      ...{ "total.clients": 80, "findMax.levels": 2, "findMax.hold": "300 ms" }
    })
    const { end, figures } = await run.ended()
    expect([end.code, figures.highest]).toEqual([1, null])
    expect(run.client.errors).toContain("the lowest level did not hold: 30 of 40 connections are open")
  })

  it("of a rate raises what is published", async () => {
    const run = startScenario(await uri(), "find-max", {
      ...{ "total.clients": 10, ...SUBSCRIBED, "publish.apiKey": API_KEY, "findMax.of": "rate" },
      ...{ "findMax.levels": 2, "findMax.rate": 40, "findMax.hold": "2 seconds", "thresholds.p99": 60_000 }
    })
    const { end, report, figures } = await run.ended()
    expect([run.client.errors, end]).toEqual(["", NONE])
    expect(figures).toMatchObject({ highest: 40, published: 40 + 80, publishFailed: 0, publishSkipped: 0 })
    expect(report.messages.count).toBe(10 * (40 + 80))
    expect(report.scenario?.steps?.map(({ level, held }) => [level, held])).toEqual([
      [20, true],
      [40, true]
    ])
  })
})

describe("a scenario that cannot be", () => {
  const uri = withServer(QUIET)

  it("is told with every problem before anything is opened, with exit code 78", async () => {
    const client = start(["dist/client.js", ...flags({ scenario: "drop", "reconnect.enabled": false })])
    expect(await client.ended).toEqual({ code: 78, signal: null })
    for (const where of ["protocol.channel", "publish.apiKey", "reconnect.enabled"])
      expect(client.errors).toMatch(new RegExp(`^  ${where}: `, "m"))
    expect(client.output).toBe("")
  })

  it.each([
    ["with a wrong key", { "publish.apiKey": "wrong" }, /publish\.apiKey is not the server's \(HTTP 401\)/],
    ["into a channel that there is not", { "protocol.channel": "nowhere:x" }, /102.*unknown channel/]
  ])("publish %s ends with 77 and says so", async (_, settings, message) => {
    const run = startScenario(await uri(), "hold", { ...PUBLISHING, ...settings })
    const { end } = await run.ended()
    expect(end.code).toBe(77)
    expect(run.client.errors).toMatch(message)
  })

  it("shows no secret", async () => {
    const settings = { ...PUBLISHING, ...SUBSCRIBED, "protocol.token": "s.e.cret" }
    const client = start(["dist/client.js", "--print-config", ...flags(settings)])
    await client.ended
    expect(client.output).toContain('"apiKey": "<secret>"')
    expect(client.output).not.toContain(API_KEY)
    expect(client.output).not.toContain("s.e.cret")
  })
})
