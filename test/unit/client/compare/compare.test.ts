import { symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { compareCommand } from "../../../../src/client/compare/compareCommand.ts"
import { comparePage } from "../../../../src/client/compare/comparePage.ts"
import { changeText, compareReports } from "../../../../src/client/compare/comparison.ts"
import { comparisonText } from "../../../../src/client/compare/comparisonText.ts"
import { readReport } from "../../../../src/client/compare/readReport.ts"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { jsonReport } from "../../../../src/client/report/jsonReport.ts"
import type { Report } from "../../../../src/protocol/report.ts"
import { temporaryFolder } from "../../../support/server/temporaryFolder.ts"
import { reportOf, START } from "../report/fixture.ts"

const with99 = (p99: number | null): Report => ({
  ...reportOf(),
  latencyMs: { ...reportOf().latencyMs, p99 }
})
const compared = (name: string, a: Report, b: Report) =>
  compareReports(a, b)
    .groups.flatMap(({ figures }) => figures)
    .find((figure) => figure.name === name)!

describe("a comparison", () => {
  it("tells the change in per cent, and which is better where that is known", () => {
    const lower = compared("latencyMs.p99", with99(10), with99(8))
    expect(lower).toMatchObject({ a: 10, b: 8, change: -20, verdict: "better" })
    expect(compared("latencyMs.p99", with99(8), with99(10))).toMatchObject({ change: 25, verdict: "worse" })
    const slow = reportOf()
    const fast = { ...slow, messages: { ...slow.messages, perSecond: 2.8, count: 28 } }
    expect(compared("messages.perSecond", slow, fast)).toMatchObject({ change: 100, verdict: "better" })
    expect(compared("messages.count", slow, fast)).toMatchObject({ change: 100, verdict: null })
  })

  it("finds nothing better between what is alike, or was not measured", () => {
    expect(compared("latencyMs.p99", with99(10), with99(10))).toMatchObject({ change: 0, verdict: null })
    expect(compared("latencyMs.p99", with99(100), with99(100.04))).toMatchObject({ verdict: null })
    expect(compared("latencyMs.p99", with99(null), with99(10))).toMatchObject({ change: null, verdict: null })
  })

  it("of something with nothing has no per cent, but a verdict", () => {
    const faultless: Report = { ...reportOf(), connections: { ...reportOf().connections, errors: {} } }
    const errors = compared("connections.errors", faultless, reportOf())
    expect(errors).toMatchObject({ a: 0, b: 2, change: null, verdict: "worse" })
    expect(changeText(errors)).toBe("from 0")
  })

  it("writes changes with their sign", () => {
    const text = (a: number | null, b: number | null) =>
      changeText(compared("latencyMs.p99", with99(a), with99(b)))
    expect([text(8, 10), text(10, 8), text(10, 10), text(1e6, 1e6 + 1), text(null, 1)]).toEqual([
      ...["+25.0 %", "−20.0 %", "0.0 %", "0.0 %", ""]
    ])
  })

  it("has figures that one run alone has, of a scenario", () => {
    const figures = [{ name: "lost", label: "lost", unit: "", value: 3, better: "lower" as const }]
    const scenario = { name: "drop", figures }
    expect(compared("scenario.lost", reportOf(), reportOf({ scenario }))).toMatchObject({ a: null, b: 3 })
    expect(compared("scenario.lost", reportOf({ scenario }), reportOf())).toMatchObject({ a: 3, b: null })
  })

  it("tells in which settings the runs differ, but not where their reports went", () => {
    const config = (clients: number, json: string) => ({ total: { clients }, report: { json } })
    const a = reportOf({ config: config(10, "a.json") })
    const b = reportOf({ config: { ...config(20, "b.json"), duration: "1 minute" } })
    const other = { ...b, run: { ...b.run, cores: 4 } }
    expect(compareReports(a, other).differences).toEqual([
      { name: "total.clients", a: 10, b: 20 },
      { name: "duration", a: "", b: "1 minute" },
      { name: "machine: cores", a: 2, b: 4 }
    ])
    expect(compareReports(a, a).differences).toEqual([])
  })

  it("is a table whose columns stand below each other", () => {
    const a = reportOf({ config: { total: { clients: 10 } } })
    const text = comparisonText(compareReports(a, { ...with99(1_234.5), config: {} }), {
      a: "a.json",
      b: "b.json"
    })
    const lines = text.split("\n")
    expect(lines[0]).toMatch(/^ +a\.json +b\.json {2}difference$/)
    const columns = /^ {2}99 % +7 ms +1,235 ms {2}\+17535\.7 % {2}worse$/
    const found = lines.find((line) => columns.test(line))!
    expect(found.indexOf("1,235 ms") + "1,235 ms".length).toBe(lines[0]!.indexOf("b.json") + "b.json".length)
    expect(text).toContain("Different settings:\n  total.clients: 10 → unset")
    expect(comparisonText(compareReports(a, a), { a: "a", b: "b" })).toMatch(
      /\n\nConfiguration and machine are the same\.$/
    )
  })

  it("says above the table what is in doubt, and where the runs are of different scenarios", () => {
    const scenario = { name: "drop", figures: [] }
    const text = comparisonText(
      compareReports(reportOf({ doubts: ["One was silent."] }), reportOf({ scenario })),
      {
        a: "a.json",
        b: "b.json"
      }
    )
    expect(text.split("\n").slice(0, 4)).toEqual([
      "a: a.json, b: b.json",
      "a is in doubt: One was silent.",
      "a is of no scenario, b of drop: their figures are of different things.",
      ""
    ])
  })

  it("is a page with the figures and the data of both", () => {
    const { body, runs } = comparePage({ name: "<a>", report: with99(10) }, { name: "b", report: with99(8) })
    expect(body.text).toContain('<data value="10" data-figure="latencyMs.p99" data-run="a">10 ms</data>')
    expect(body.text).toContain('<data value="8" data-figure="latencyMs.p99" data-run="b">8 ms</data>')
    expect(body.text).toContain('<td>−20.0 %</td><td><span class="better">better</span></td>')
    expect(body.text).toContain("&lt;a&gt;")
    expect(runs.map(({ name }) => name)).toEqual(["<a>", "b"])
    expect(body.text).not.toContain("Doubts")
  })
})

it("the page of a comparison says what is in doubt, and why", () => {
  const doubtful = reportOf({ doubts: ["One was < silent."] })
  const scenario = { name: "drop", figures: [] }
  const { body } = comparePage(
    { name: "a.json", report: reportOf({ scenario }) },
    { name: "b.json", report: doubtful }
  )
  expect(body.text).toContain('aria-label="Doubts"')
  expect(body.text).toContain("<li>b is in doubt: One was &lt; silent.</li>")
  expect(body.text).toContain(
    "<li>a is of drop, b of no scenario: their figures are of different things.</li>"
  )
})

describe("a report that is read", () => {
  const fileOf = (text: string): string => {
    const path = join(temporaryFolder(), "r.json")
    writeFileSync(path, text)
    return path
  }
  const messageOf = async (path: string) => {
    const read = await readReport(path)
    return "kind" in read ? read.message : read
  }

  it("is what was written", async () => {
    const verdicts = [{ name: "p99", bound: "most", limit: 5, found: null, met: false }] as const
    const step = { level: 1, held: true, figures: [], verdicts }
    const scenario = {
      name: "drop",
      figures: [{ name: "x", label: "x", unit: "", value: null }],
      steps: [step]
    }
    for (const report of [
      reportOf({ scenario, thresholds: { p99: 5 } }),
      reportOf({ snapshot: new RunMetrics(START).snapshot(START) })
    ])
      expect(await readReport(fileOf(jsonReport(report)))).toEqual(report)
  })

  it.each([
    ["no JSON", "{", /^is not JSON: /],
    ["a text of lines", "# Clarion\n\nlines", /^is not JSON: /],
    ["JSON of something else", '{"name":"clarion"}', /^is not a report of the load client/],
    ["a list", "[]", /^is not a report of the load client/],
    ["nothing", "null", /^is not a report of the load client/],
    ["one from before", '{"run":{}}', /^is a report of format 1, .* this version reads 2: run it again$/],
    ["one of a later version", '{"run":{},"format":3}', /^is a report of format 3; this version reads 2$/],
    ["one with a strange format", '{"run":{},"format":"x"}', /^is a report of format "x"; this/],
    ["a part of one", '{"run":{},"format":2}', /^is not a whole report: .*\["run"\]/],
    [
      "one whose series lacks a value",
      JSON.stringify({ ...reportOf(), series: { ...reportOf().series, p99: [1] } }),
      /^is not a whole report: the lists of its series differ in length$/
    ],
    [
      "a broken one",
      jsonReport(reportOf()).replace('"p99": 7', '"p99": "7"'),
      /^is not a whole report: .*p99/
    ]
  ])("that is %s is refused with the reason", async (_, text, message) => {
    const found = await messageOf(fileOf(text))
    expect(found).toMatch(message)
    expect(found).not.toContain("\n")
  })

  it("that is not there is refused with the reason", async () => {
    expect(await messageOf(join(temporaryFolder(), "none.json"))).toMatch(/^cannot be read: ENOENT/)
  })

  it("stays silent about what it does not know", async () => {
    const newer = { ...reportOf(), more: { of: "it" } }
    expect(await readReport(fileOf(JSON.stringify(newer)))).toEqual(reportOf())
  })
})

describe("the command", () => {
  const run = (args: ReadonlyArray<string>) => {
    let printed = ""
    const command = compareCommand(args, (text) => {
      printed += text
    })
    return Effect.runPromise(Effect.map(Effect.flip(command), (error) => ({ error, printed })))
  }

  it.each([
    [["--compare"], /found 0/],
    [["--compare", "a"], /found 1/],
    [["--compare", "a", "b", "c"], /found 3/],
    [["--compare", "a", "b", "--total.clients", "5"], /Unknown option '--total.clients'/],
    [["--compare", "a", "b", "--report.html"], /--report.html/]
  ])("says how it is used for %j", async (args, message) => {
    const { error, printed } = await run(args)
    expect(error._tag).toBe("CompareUsage")
    expect(error.message).toMatch(message)
    expect(error.message).toContain("usage: client --compare A.json B.json [--report.html FILE]")
    expect(printed).toBe("")
  })

  it("names every file that is no report", async () => {
    const folder = temporaryFolder()
    const { error } = await run(["--compare", join(folder, "a"), join(folder, "b")])
    expect(error).toMatchObject({ _tag: "NotComparable" })
    expect(error.message.split("\n")).toEqual([
      expect.stringContaining(`${join(folder, "a")} cannot be read`),
      expect.stringContaining(`${join(folder, "b")} cannot be read`)
    ])
  })

  it("does not write over a report that it compares, by whatever path", async () => {
    const folder = temporaryFolder()
    const [a, link] = [join(folder, "a.json"), join(folder, "link")]
    writeFileSync(a, jsonReport(reportOf()))
    symlinkSync("a.json", link)
    for (const html of [a, link, join(folder, ".", "sub", "..", "a.json")]) {
      const { error, printed } = await run(["--compare", a, a, "--report.html", html])
      expect(error._tag).toBe("CompareUsage")
      expect(error.message).toContain(`--report.html ${html} is a report that is to be compared`)
      expect(printed).toBe("")
    }
    expect(await readReport(a)).toEqual(reportOf())
  })

  it("says before anything else that the page cannot be written", async () => {
    const path = join(temporaryFolder(), "r.json")
    writeFileSync(path, jsonReport(reportOf()))
    const { error, printed } = await run(["--compare", path, path, "--report.html", join(path, "x.html")])
    expect(error).toMatchObject({ _tag: "ReportLost" })
    expect(error.message).toContain("ENOTDIR")
    expect(printed).toBe("")
  })
})
