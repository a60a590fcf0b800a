/** The pages that the load client writes, as files in a real browser: whole, quiet, and with the numbers of the JSON. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Page } from "playwright-core"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Report } from "../../src/protocol/report.ts"
import { isTooWide, violationsOf } from "../support/browser/accessibility.ts"
import { describeInBrowser, type OpenOptions } from "../support/browser/inBrowser.ts"
import { Program } from "../support/client/Program.ts"
import { clientArguments, reportAt, ServerProgram } from "../support/client/programs.ts"
import { withServerFolder } from "../support/client/serverFolder.ts"

const CHARTS = ["Set-up", "Active connections", "Messages", "Latency", "Latency by percentile", "Broadcasts"]

describeInBrowser("a report", (open) => {
  const folder = withServerFolder()
  const at = (name: string) => join(folder, name)
  const settings = { "total.clients": 60, "setup.batchSize": 20, "setup.interval": "400 ms" }
  let server: ServerProgram
  let report: Report
  beforeAll(async () => {
    server = new ServerProgram(folder)
    for (const name of ["a", "b"]) {
      const client = new Program(
        clientArguments(await server.uri, {
          ...settings,
          ...{ duration: name === "a" ? "3 seconds" : "2 seconds", "thresholds.max": 0 },
          ...{ "report.json": at(`${name}.json`), "report.html": at(`${name}.html`) }
        })
      )
      expect((await client.ended).code).toBe(1)
    }
    report = reportAt(at("a.json"))
    const compare = new Program([
      ...["dist/client.js", "--compare", at("a.json"), at("b.json"), "--report.html", at("c.html")]
    ])
    expect((await compare.ended).code).toBe(0)
  })
  afterAll(() => server?.cut())

  /** A page with its charts drawn, that has asked for nothing but itself. */
  const openDrawn = async (name: string, options?: OpenOptions): Promise<Page> => {
    const page = await open(pathToFileURL(at(name)).href, options)
    for (const title of CHARTS)
      await page.locator("figure", { hasText: title }).locator("canvas").first().waitFor()
    const loaded = await page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    expect(loaded).toEqual([])
    return page
  }

  it("shows the numbers of the JSON", async () => {
    const page = await openDrawn("a.html")
    const shown = (figure: string) => page.locator(`[data-figure="${figure}"]`).first()
    for (const [figure, value] of [
      ["connections.active", report.connections.active],
      ["setup.perSecond", report.setup.perSecond],
      ["messages.count", report.messages.count],
      ["latencyMs.p50", report.latencyMs.p50],
      ["latencyMs.p99", report.latencyMs.p99],
      ["latencyMs.max", report.latencyMs.max]
    ] as const) {
      expect(await shown(figure).getAttribute("value")).toBe(String(value))
      expect(await shown(figure).isVisible()).toBe(true)
    }
    expect(await shown("connections.active").innerText()).toBe("60")
    expect(await page.getByText("Missed: max").isVisible()).toBe(true)
    const rows = page.getByRole("group", { name: "Broadcasts" }).getByRole("row")
    expect(await rows.count()).toBe(report.broadcasts.length + 1)
    expect(await page.title()).toContain("Load test of ws://127.0.0.1:")
  })

  it("draws what the JSON has of the time and the percentiles", async () => {
    const page = await openDrawn("a.html")
    const tableOf = async (title: string) => {
      await page.getByRole("button", { name: `Table of ${title}`, exact: true }).click()
      return page.getByLabel(`${title}: figures`).innerText()
    }
    const active = page.getByRole("img", { name: /^Active connections\./ })
    expect(await active.getAttribute("aria-label")).toContain("newest 60, lowest 0, highest 60")
    expect(await tableOf("Active connections")).toMatch(/0:01\s+60/)
    const highest = Math.max(...report.latencyDistribution.map(({ ms }) => ms))
    expect(highest).toBe(report.latencyMs.max)
    expect(await tableOf("Latency by percentile")).toContain("0 %")
  })

  it.each(["light", "dark"] as const)("is accessible, %s", async (scheme) => {
    for (const name of ["a.html", "c.html"])
      expect(await violationsOf(await openDrawn(name, { scheme }))).toEqual([])
  })

  it("can be read on a phone", async () => {
    for (const name of ["a.html", "c.html"]) {
      const page = await openDrawn(name, { width: 360 })
      expect(await isTooWide(page)).toBe(false)
    }
  })

  it("has its figures also where no script runs", async () => {
    const page = await open(pathToFileURL(at("a.html")).href)
    const plain = await page.context().browser()!.newContext({ javaScriptEnabled: false })
    const silent = await plain.newPage()
    await silent.goto(pathToFileURL(at("a.html")).href)
    const { p99 } = report.latencyMs
    expect(await silent.locator('[data-figure="latencyMs.p99"]').first().getAttribute("value")).toBe(`${p99}`)
    expect(await silent.getByText("Charts are drawn by the page's script").isVisible()).toBe(true)
    await plain.close()
  })

  it("is drawn for paper in light colours, and comes back dark", async () => {
    const page = await openDrawn("a.html", { scheme: "dark" })
    const background = () =>
      page.evaluate("getComputedStyle(document.querySelector('.chart')).backgroundColor")
    const dark = await background()
    const canvas = "document.querySelector('figure canvas')"
    const drawnDark = await page.evaluate(`${canvas}.toDataURL()`)
    // In the same turn: the browser takes the page as it is when its listeners, and what they queued, have run.
    const [light, empty] = (await page.evaluate(`(async () => {
      dispatchEvent(new Event("beforeprint"))
      await null
      const { width, height } = ${canvas}
      return [${canvas}, Object.assign(document.createElement("canvas"), { width, height })].map((c) => c.toDataURL())
    })()`)) as [string, string]
    expect([drawnDark, empty]).not.toContain(light)
    expect(await background()).toBe("rgb(255, 255, 255)")
    expect(await page.locator("figure canvas").count()).toBe(CHARTS.length)
    await page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(await background()).toBe(dark)
  })

  it("of two runs has both in each chart, and tells which is better", async () => {
    const page = await openDrawn("c.html")
    for (const title of CHARTS) {
      const legend = page.locator("figure", { hasText: title }).first().locator(".legend")
      expect(await legend.innerText()).toMatch(/a\.json: [\s\S]*b\.json: /)
    }
    const of = (run: "a" | "b") => page.locator(`[data-figure="latencyMs.p99"][data-run="${run}"]`)
    expect(await of("a").getAttribute("value")).toBe(String(report.latencyMs.p99))
    expect(await of("b").getAttribute("value")).toBe(String(reportAt(at("b.json")).latencyMs.p99))
    expect(await page.getByText("3 seconds").isVisible()).toBe(true)
  })

  it("is one file, with everything inside", () => {
    const text = readFileSync(at("a.html"), "utf8")
    expect(text).not.toMatch(/<link|<img|\bsrc=|@import|url\(/)
    expect(text.length).toBeLessThan(200_000)
  })
})
