/** What a run leaves, against a real server: three files that say the same, whose numbers agree with each other and with what was printed. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import type { Report } from "../../../src/protocol/report.ts"
import { childrenOf } from "../../support/client/children.ts"
import { type Program, start } from "../../support/client/Program.ts"
import { reportAt, ServerProgram, startClient } from "../../support/client/programs.ts"
import { withServerFolder } from "../../support/client/serverFolder.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

// Runs of some seconds, several in a test: on a busy machine each takes its time.
vi.setConfig({ testTimeout: 60_000 })

const folder = withServerFolder()
let server: ServerProgram
beforeAll(async () => {
  server = new ServerProgram(folder)
  await server.uri
})
afterAll(() => server.cut())

const sum = (values: ReadonlyArray<number>) => values.reduce((total, value) => total + value, 0)

/** What holds in every report, however many processes it is of. */
const isConsistent = ({ run, series, setup, messages, connections, latencyMs, ...report }: Report): void => {
  expect(report.format).toBe(2)
  expect(sum(series.opened)).toBe(setup.count)
  expect(sum(series.messages)).toBe(messages.count)
  expect(sum(series.closed)).toBe(connections.closed)
  expect(sum(series.errors)).toBe(sum(Object.values(connections.errors)))
  expect(series.active.at(-1)).toBe(connections.active)
  expect(Math.round(series.endMs.at(-1)!)).toBe(run.durationMs)
  expect(Math.max(...series.max.map((ms) => ms ?? 0))).toBe(latencyMs.max)
  for (const [i, p99] of series.p99.entries()) {
    expect(p99 === null).toBe(series.messages[i] === 0)
    if (p99 !== null) expect(p99).toBeLessThanOrEqual(series.max[i]!)
  }
  const { latencyDistribution } = report
  expect(latencyDistribution.at(-1)).toEqual({ percentile: 100, ms: latencyMs.max, count: latencyMs.count })
  expect(latencyDistribution.find(({ percentile }) => percentile === 50)?.ms).toBe(latencyMs.p50)
}

const shownOn = (page: string, figure: string): string =>
  new RegExp(`<data value="([^"]*)" data-figure="${figure.replaceAll(".", "\\.")}"`).exec(page)![1]!

const propertyOf = (xml: string, name: string): string =>
  new RegExp(`<property name="${name.replaceAll(".", "\\.")}" value="([^"]*)"`).exec(xml)![1]!

const threeFiles = async (settings: Readonly<Record<string, unknown>>) => {
  const at = (name: string) => join(temporaryFolder(), name)
  const [json, html, junit] = [at("r.json"), at("r.html"), at("r.xml")]
  const client = startClient(await server.uri, {
    ...{ "report.json": json, "report.html": html, "report.junit": junit },
    ...settings
  })
  const { code } = await client.ended
  const [page, xml] = [readFileSync(html, "utf8"), readFileSync(junit, "utf8")]
  return { client, code, report: reportAt(json), page, xml }
}

describe.each([1, 2])("the reports of a run over %i processes", (processes) => {
  it("agree with each other", async () => {
    const { client, code, report, page, xml } = await threeFiles({
      "total.clients": 60,
      "setup.batchSize": 20,
      "setup.interval": "300 ms",
      "setup.threadpool.size": processes,
      "thresholds.errors": 0,
      "thresholds.max": 0,
      duration: "2500 ms"
    })
    expect(code).toBe(1)
    expect(report.client.processes).toBe(processes)
    expect(report.setup.count).toBe(60)
    isConsistent(report)

    const inPage = JSON.parse(/<script type="application\/json" id="runs">(.*?)<\/script>/s.exec(page)![1]!)
    expect(inPage).toEqual([{ name: "", report }])
    const figures = {
      "connections.active": 60,
      "setup.perSecond": report.setup.perSecond,
      "messages.count": report.messages.count,
      "latencyMs.p50": report.latencyMs.p50,
      "latencyMs.p99": report.latencyMs.p99,
      "broadcasts.received": sum(report.broadcasts.map(({ received }) => received))
    }
    for (const [name, value] of Object.entries(figures)) {
      expect(shownOn(page, name)).toBe(String(value))
      expect(propertyOf(xml, name)).toBe(String(value))
    }
    expect(propertyOf(xml, "run.id")).toBe(report.run.id)
    expect(xml).toContain('<testcase classname="clarion.thresholds" name="errors is at most 0" time="0"/>')
    expect(xml).toContain(`message="max is ${report.latencyMs.max}, limit 0"`)
    expect(page).toContain("Missed: max")
    expect(client.output).toContain(`threshold max: ${report.latencyMs.max}, limit 0: MISSED`)
    expect(client.output).toContain(
      `broadcasts: ${report.broadcasts.length}, ${figures["broadcasts.received"]} of `
    )
    for (const { id } of report.broadcasts) {
      expect(page).toContain(`<th scope="row">${id}</th>`)
    }
  })
})

it("a process that dies leaves what it measured in the series of the run", async () => {
  const path = join(temporaryFolder(), "r.json")
  const client = startClient(await server.uri, {
    "setup.threadpool.size": 2,
    "report.json": path,
    "report.interval": "300 ms"
  })
  await reported(client, 10)
  const [victim] = await childrenOf(client.pid)
  process.kill(victim!, "SIGKILL")
  await client.line(/process-\d.*restart|restart.*process-\d/)
  await reported(client, 10)
  client.signal("SIGINT")
  await client.ended
  const report = reportAt(path)
  expect(report.client.rampRestarts).toBe(1)
  const { series, setup, messages, connections } = report
  expect([setup.count, connections.closed, series.active.at(-1)]).toEqual([15, 5, 10])
  expect([sum(series.opened), sum(series.closed), sum(series.messages)]).toEqual([15, 5, messages.count])
})

/** Waits for a report after this moment that has so many connections open. */
const reported = async ({ lines }: Program, active: number): Promise<void> => {
  const from = lines.all.length
  await lines.until((all) =>
    all.some(
      (line, i) => i > from && all[i - 1] === "Active WebSockets" && line === `             count = ${active}`
    )
  )
}

describe("two reports", () => {
  const compare = (...args: ReadonlyArray<string>) => start(["dist/client.js", "--compare", ...args])

  it("are compared on the terminal, and as a page", async () => {
    const at = (name: string) => join(temporaryFolder(), name)
    const [a, b, html] = [at("a.json"), at("b.json"), at("c.html")]
    for (const [path, clients] of [
      [a, 10],
      [b, 20]
    ] as const) {
      const client = startClient(await server.uri, {
        ...{ "total.clients": clients, duration: "1 second", "report.json": path }
      })
      expect((await client.ended).code).toBe(0)
    }
    const comparison = compare(a, b, "--report.html", html)
    expect(await comparison.ended).toEqual({ code: 0, signal: null })
    expect(comparison.errors).toBe("")
    expect(comparison.output).toMatch(/^ +a\.json +b\.json {2}difference$/m)
    expect(comparison.output).toMatch(/^ {2}open at the end +10 +20 +\+100\.0 %$/m)
    expect(comparison.output).toContain("  total.clients: 10 → 20")
    const page = readFileSync(html, "utf8")
    const { latencyMs } = reportAt(b)
    expect(page).toContain(`<data value="${latencyMs.p99}" data-figure="latencyMs.p99" data-run="b">`)
  })

  it("that are none are refused: with 66 where a file is wrong, with 78 where the command is", async () => {
    const none = compare("conf/app.json", "README.md")
    expect((await none.ended).code).toBe(66)
    expect(none.errorLines.all).toEqual([
      expect.stringMatching(/^conf\/app\.json is not a report of the load client/),
      expect.stringMatching(/^README\.md is not JSON/)
    ])
    const one = compare("conf/app.json")
    expect((await one.ended).code).toBe(78)
    expect(one.errors).toContain("expected two files to compare, found 1")
  })
})

it("a run whose output nobody reads any more goes on to its end and writes its report", async () => {
  const path = join(temporaryFolder(), "r.json")
  const client = startClient(await server.uri, {
    ...{ "report.json": path, duration: "2 seconds", "report.interval": "100 ms" }
  })
  await client.line(/-- Counters/)
  client.closeOutput()
  expect([(await client.ended).code, client.errors]).toEqual([0, ""])
  const report = reportAt(path)
  expect(report.connections.active).toBe(10)
  expect(report.run.durationMs).toBeGreaterThanOrEqual(2_000)
})

it("the rates that are printed are those of the report", async () => {
  const { client, report } = await threeFiles({ duration: "1 second" })
  const printed = client.output.split("Message Rate").at(-1)
  expect(printed).toContain(`mean rate = ${report.messages.perSecond.toFixed(2)} events/second`)
})
