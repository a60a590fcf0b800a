import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { allFigures } from "../../../../src/client/report/figures.ts"
import { html, jsonInScript, Markup } from "../../../../src/client/report/html/markup.ts"
import { pageText } from "../../../../src/client/report/html/page.ts"
import { runPage } from "../../../../src/client/report/html/runPage.ts"
import type { Report } from "../../../../src/protocol/report.ts"
import { input, reportOf, START } from "./fixture.ts"

const parts = { script: "draw()", style: "p{color:red}" }
const pageOf = (report: Report): string => pageText(runPage(report), parts)

/** The JSON that the script reads. */
const dataOf = (page: string): unknown =>
  JSON.parse(/<script type="application\/json" id="runs">(.*?)<\/script>/s.exec(page)![1]!)

describe("markup", () => {
  it("escapes what is put in, but for markup", () => {
    const evil = `<b a="1" b='2'>&`
    expect(html`<p title="${evil}">${evil}${3}${html`<i>${"x"}</i>`}${[html`a`, html`b`]}</p>`).toEqual(
      new Markup(
        '<p title="&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;3<i>x</i>ab</p>'
      )
    )
  })

  it("as JSON in a script cannot end it", () => {
    const nasty = { text: "</script><!--\u2028\u2029" }
    const { text } = jsonInScript(nasty)
    expect(text).not.toMatch(/<|\u2028|\u2029/)
    expect(JSON.parse(text)).toEqual(nasty)
  })
})

describe("the page of a run", () => {
  it("shows every figure of the report, readable and as it is", () => {
    const report = reportOf({ thresholds: { p99: 500 } })
    const page = pageOf(report)
    for (const { name, value } of allFigures(report))
      expect(page).toContain(`<data value="${value ?? ""}" data-figure="${name}">`)
    expect(page).toContain('<data value="7" data-figure="latencyMs.p99">7 ms</data>')
    expect(page).toContain('<data value="7" data-threshold="p99">7</data>')
  })

  it("has the whole report inside, and what draws it", () => {
    const report = reportOf()
    const page = pageOf(report)
    expect(dataOf(page)).toEqual([{ name: "", report }])
    expect(page).toContain("<script>draw()</script>")
    expect(page).toContain("<style>p{color:red}</style>")
  })

  it("may run its own script and style, and load nothing", () => {
    const hash = (text: string) => createHash("sha256").update(text).digest("base64")
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(pageOf(reportOf()))![1]!
    expect(policy.replaceAll("&#39;", "'").split("; ")).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${hash(parts.script)}'`,
      `style-src 'sha256-${hash(parts.style)}'`,
      "base-uri 'none'",
      "form-action 'none'"
    ])
    expect(pageOf(reportOf())).not.toMatch(/\b(src|href)=/)
  })

  it("cannot be made to say something else by what it tells", () => {
    const evil = "</script><img src=x onerror=alert(1)>"
    const figures = [{ name: evil, label: evil, unit: evil, value: 1 }]
    const report = reportOf({
      config: { server: { uri: evil }, [evil]: evil },
      doubts: [evil],
      scenario: { name: evil, figures, steps: [{ level: 1, held: false, because: evil, figures }] }
    })
    const page = pageOf(report)
    expect(page).not.toContain("<img")
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(dataOf(page)).toEqual([{ name: "", report }])
  })

  it("tells limits, doubts, errors, broadcasts that did not reach all, machine and configuration", () => {
    const client = { ...input().client, cpu: 0.97 }
    const page = pageOf(reportOf({ client, thresholds: { p99: 500, max: 1 } }))
    expect(page).toContain('<p class="verdict missed">Missed: max</p>')
    expect(page).toContain("<li>The client used 97 % of a core")
    expect(page).toMatch(/<th scope="row">connectRefused<\/th><td>1<\/td>/)
    expect(page).toMatch(new RegExp(`${START + 4_000}</th>.*<span class="missed">6</span>`))
    expect(page).toMatch(/<th scope="row">open files<\/th><td>20,000<\/td>/)
    expect(page).toMatch(/<th scope="row">total.clients<\/th><td>10<\/td>/)
    expect(pageOf(reportOf({ thresholds: { p99: 500 } }))).toContain("All limits were kept.")
  })

  it("has the steps of a scenario", () => {
    const p99 = (value: number | null) => [{ name: "p99", label: "99 %", unit: "ms", value }]
    const steps = [
      { level: 2_000, held: true, figures: p99(12.3) },
      { level: 4_000, held: false, because: "p99 is 600", figures: p99(null) }
    ]
    const page = pageOf(reportOf({ scenario: { name: "find-max", figures: [], steps } }))
    expect(page).toContain("scenario find-max")
    expect(page).not.toContain("Missed")
    expect(page).toMatch(
      /4,000<\/th><td><span class="missed">did not hold<\/span><\/td><td>p99 is 600<\/td><td>–</
    )
  })

  it("has each sentence that a scenario holds against the server, beside the limits", () => {
    const missed = ["the cut never came", "1 of 2 < all"]
    const scenario = { name: "drop", figures: [], missed }
    const page = pageOf(reportOf({ scenario, thresholds: { p99: 500, max: 1 } }))
    for (const what of ["max", "the cut never came", "1 of 2 &lt; all"])
      expect(page).toContain(`<p class="verdict missed">Missed: ${what}</p>`)
    expect(pageOf(reportOf({ scenario, thresholds: { p99: 500 } }))).not.toContain("All limits were kept.")
    expect(pageOf(reportOf({ scenario: { ...scenario, missed: [] } }))).not.toContain("Missed")
  })

  it("hides long lists of broadcasts until they are asked for, and tells of those that were added up", () => {
    const { snapshot } = input()
    const broadcast = snapshot.broadcasts.broadcasts[0]!
    const many = Array.from({ length: 30 }, (_, i) => ({ ...broadcast, id: String(START + i) }))
    const folded = { broadcasts: 1_200, expected: 50, received: 49 }
    const page = pageOf(
      reportOf({ snapshot: { ...snapshot, broadcasts: { broadcasts: many, folded, unstamped: 0 } } })
    )
    expect(page).toContain("<summary>30 broadcasts</summary>")
    expect(page).toContain("1,200 broadcasts before these: 49 of 50 copies.")
  })

  it("of a run in which nothing happened says so", () => {
    const page = pageOf(
      reportOf({ snapshot: new RunMetrics(START).snapshot(START), now: START, config: null })
    )
    expect(page).toContain("No broadcast was heard.")
    expect(page).toContain('<data value="" data-figure="latencyMs.p99">–</data>')
    expect(page).not.toMatch(/NaN|undefined|Infinity/)
  })
})
