/** Servers that are killed in the middle of each scenario: the run ends by itself, and its report says what became of the connections. */
import { describe, expect, it, onTestFinished } from "vitest"
import { ServerProgram } from "../../support/client/programs.ts"
import {
  API_KEY,
  PUBLISHING,
  QUIET,
  type ScenarioRun,
  SUBSCRIBED,
  startScenario
} from "../../support/client/scenarioRuns.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const CLIENTS = 20

const startServer = async (settings: Readonly<Record<string, unknown>> = {}) => {
  const server = new ServerProgram(temporaryFolder(), { ...QUIET, ...settings })
  onTestFinished(server.cut)
  return { server, uri: await server.uri }
}

/** A report has told that all are open. */
const allOpen = ({ client }: ScenarioRun) =>
  client.lines.until((lines) =>
    lines.some((line, i) => line === "Active WebSockets" && lines[i + 1]?.endsWith(` = ${CLIENTS}`))
  )

/** A scenario whose server is killed when all are open, and what it says at its end. */
const killed = async (scenario: string, settings: Readonly<Record<string, unknown>> = {}) => {
  const { server, uri } = await startServer()
  const run = startScenario(uri, scenario, { "total.clients": CLIENTS, ...settings })
  await allOpen(run)
  await server.cut()
  return { client: run.client, ...(await run.ended()) }
}

describe.each([1, 2])("over %i processes of the client, a server that is killed", (processes) => {
  const spread = { "setup.threadpool.size": processes }

  it("while connections ramp fails the attempts that follow", async () => {
    const { server, uri } = await startServer()
    const run = startScenario(uri, "ramp", {
      ...{ ...spread, "total.clients": CLIENTS, "setup.batchSize": 2, "setup.interval": "400 ms" }
    })
    await run.client.line(/^ +count = [1-9]\d*$/)
    await server.cut()
    const { end, report, figures } = await run.ended()
    expect(end.code).toBe(1)
    expect(figures.opened).toBeGreaterThan(0)
    expect(figures.opened).toBeLessThan(CLIENTS)
    expect(report.connections).toMatchObject({ attempted: CLIENTS, active: 0 })
    expect(figures.allOpen).toBeNull()
  })

  it.each(["hold", "spike"])("in %s leaves nothing held, and the run fails", async (scenario) => {
    const { client, end, report } = await killed(scenario, { ...spread, "hold.duration": "3 seconds" })
    expect(end.code).toBe(1)
    expect(client.errors).toContain(`${CLIENTS} connections ended that were to be held`)
    expect(report.scenario?.name).toBe(scenario)
    expect(report.connections).toMatchObject({ attempted: CLIENTS, active: 0 })
  })

  it("in churn leaves those that it churned and those that it held away", async () => {
    const { end, report, figures } = await killed("churn", {
      ...{ ...spread, "hold.duration": "3 seconds", "churn.share": 10, "thresholds.recovery": 60_000 }
    })
    expect(end.code).toBe(figures.returned === 0 ? 1 : 0)
    expect(report.connections).toMatchObject({ active: 0, waiting: expect.any(Number) })
    expect(figures.lost! - figures.returned!).toBe(CLIENTS)
  })

  it("in drop, before the cut and for good, is told as nothing known of recovery", async () => {
    const { client, end, report, figures } = await killed("drop", {
      ...{ ...spread, ...SUBSCRIBED, ...PUBLISHING, "drop.delay": "2 seconds", "drop.timeout": "1 second" }
    })
    expect(end.code).toBe(1)
    expect(client.errors).toContain("notRecovered is not known, limit 0")
    expect(client.errors).toContain("no connection was open to be cut")
    expect(figures).toMatchObject({
      cut: 0,
      lost: CLIENTS,
      returned: 0,
      notRecovered: null,
      recoveryP99: null
    })
    expect(report.connections.active).toBe(0)
  })

  it("in slow-reader ends the slow ones, too", async () => {
    const { end, report, figures } = await killed("slow-reader", {
      ...{ ...spread, ...PUBLISHING, "slowReader.share": 10, "hold.duration": "4 seconds" }
    })
    expect(end.code).toBe(0)
    expect(report.connections.active).toBe(0)
    // Whether it was before some stopped reading or after: none is said to be open.
    expect(figures.slowOpen).toBe(0)
  })

  it("in find-max breaks the level that it was at", async () => {
    const { report, figures } = await killed("find-max", {
      ...{ ...spread, "findMax.levels": 2, "findMax.hold": "2 seconds", "total.clients": 2 * CLIENTS }
    })
    const steps = report.scenario?.steps ?? []
    expect(steps.at(-1)?.held).toBe(false)
    expect(steps.at(-1)?.because).toMatch(/0 of \d+ connections are open/)
    expect([null, CLIENTS]).toContain(figures.highest)
  })
})

describe("a server that is killed after the cut", () => {
  it("and started again has a new stream: what was missed is not known, and is said so", async () => {
    const { server, uri } = await startServer()
    const run = startScenario(uri, "drop", {
      ...{ "total.clients": CLIENTS, ...SUBSCRIBED, ...PUBLISHING, "drop.delay": "3 seconds" },
      ...{ "thresholds.missed": 0, "reconnect.minDelay": "3 seconds", "reconnect.maxDelay": "3 seconds" }
    })
    await run.client.line(/closed because of 1006/)
    await server.cut()
    const again = new ServerProgram(temporaryFolder(), { ...QUIET, "server.port": new URL(uri).port })
    onTestFinished(again.cut)
    await again.uri
    const { end, report, figures } = await run.ended()
    expect(end.code).toBe(1)
    expect(figures.returned).toBe(figures.lost)
    expect(report.connections.active).toBe(CLIENTS)
    // All but those that were back before the kill; they were lost again.
    expect(figures.missedUnknown).toBe(CLIENTS)
    expect(figures.missed).toBeNull()
    expect(run.client.errors).toContain("missed is not known, limit 0")
  })
})

describe("a server that is not there", () => {
  it("is told as without a scenario, whatever the first level is", async () => {
    const run = startScenario("ws://127.0.0.1:9", "find-max", {
      ...{ "total.clients": 40, "setup.batchSize": 40, "findMax.levels": 10, "publish.apiKey": API_KEY }
    })
    const { end } = await run.ended()
    expect(end.code).toBe(69)
    expect(run.client.errors).toMatch(/^cannot connect to ws:\/\/127\.0\.0\.1:9: /)
  })
})
