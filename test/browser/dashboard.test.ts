import { join } from "node:path"
import { expect, it } from "vitest"
import { isTooWide, violationsOf } from "../support/browser/accessibility.ts"
import { DashboardPage, VIEWS } from "../support/browser/dashboardPage.ts"
import { DEMO_ARGS, DemoPage, PANES } from "../support/browser/demoPage.ts"
import { describeInBrowser, type OpenOptions, SERVER_GONE } from "../support/browser/inBrowser.ts"
import { reportAt, startClient } from "../support/client/programs.ts"
import { scheduleClient } from "../support/schedules/scheduleClient.ts"
import { ask } from "../support/server/ask.ts"
import { connect } from "../support/server/clients.ts"
import { API_KEY, launch } from "../support/server/ServerProcess.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

const headers = { "x-api-key": API_KEY }

const metric = async (port: number, name: string): Promise<number> => {
  const { body } = await ask(port, "/metrics", { headers })
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(body)?.[1])
}

describeInBrowser("the dashboard", (open) => {
  const openDashboard = (port: number, options?: OpenOptions) => DashboardPage.open(open, port, options)

  it("counts what the load client does, as /metrics and its report do", async () => {
    const port = await launch([]).port()
    const dashboard = await openDashboard(port)
    await dashboard.tile("Connections", "1")
    const json = join(temporaryFolder(), "report.json")
    const client = startClient(`ws://127.0.0.1:${port}`, {
      "total.clients": 150,
      "setup.batchSize": 50,
      "report.interval": "500 ms",
      "report.json": json
    })
    await dashboard.tile("Connections", "151")
    expect(await metric(port, "clarion_connections")).toBe(151)
    const api = scheduleClient(port)
    const publication = { channel: "broadcast", data: "hello", receipt: true }
    const { receipt } = (await api("POST", "/api/publish", publication)).json.result
    await dashboard.tile("Time to last write", /ms$/)
    await client.lines.until((all) =>
      all.some((line, at) => line === "Message Rate" && /count = 150$/.test(all[at + 1] ?? ""))
    )
    client.signal("SIGINT")
    await client.ended
    await dashboard.tile("Connections", "1")
    const report = reportAt(json)
    expect(report.connections.attempted).toBe(150)
    expect(report.messages.count).toBe(150)
    expect((await api("GET", `/api/receipts/${receipt}`)).json).toMatchObject({ eligible: 150, written: 150 })
    expect(await metric(port, "clarion_connections_opened_total")).toBe(151)
    await dashboard.says("151 since start")
  })

  it("publishes to the demo page and to everyone, and shows the receipt", async () => {
    const port = await launch(DEMO_ARGS).port()
    const demo = new DemoPage(await open(`http://127.0.0.1:${port}/demo`))
    await demo.areConnected()
    const raw = await connect(`ws://127.0.0.1:${port}/`)
    const dashboard = await openDashboard(port)
    await dashboard.goTo("Publish")
    await dashboard.page.getByLabel("Subscribers of channels").check()
    await dashboard.page.getByLabel("Channels", { exact: true }).fill("demo:chat")
    await dashboard.page.getByLabel("Data").fill('{"from":"the dashboard"')
    await dashboard.button("Publish").click()
    await dashboard.says(/Line 1, column 24/)
    await dashboard.page.getByLabel("Data").fill('{"from":"the dashboard"}')
    await dashboard.button("Publish").click()
    for (const name of PANES) await demo.line(name, '{"from":"the dashboard"}')
    // The three panes, and the connection that sends.
    await dashboard.says("complete: 4 of 4 connections were written to")
    await dashboard.page.getByLabel("Everyone: all raw connections").check()
    await dashboard.page.getByLabel("Data").fill('"to everyone"')
    await dashboard.button("Publish").click()
    await dashboard.says("complete: 1 of 1 connections were written to")
    expect(await raw.messages.count(1)).toEqual(["to everyone"])
    await dashboard.goTo("Receipts")
    await dashboard.page.getByRole("row").filter({ hasText: "demo:chat" }).waitFor()
  })

  it("pauses a schedule, resumes it, runs it now, and cancels it when one is sure", async () => {
    const port = await launch([]).port()
    const api = scheduleClient(port)
    const channels = ["broadcast"]
    const { json } = await api("POST", "/api/schedules", {
      every: "1 hour",
      about: "tea",
      channels,
      data: "tea"
    })
    const state = async () => (await api("GET", `/api/schedules/${json.id}`)).json?.state
    const raw = await connect(`ws://127.0.0.1:${port}/`)
    const dashboard = await openDashboard(port)
    await dashboard.goTo("Schedules")
    const row = dashboard.page.getByRole("row").filter({ hasText: "tea" })
    const act = (name: string) => row.getByRole("button", { name: new RegExp(`^${name}`) }).click()
    await row.getByText("scheduled").waitFor()
    await act("Pause")
    await row.getByText("paused").waitFor()
    expect(await state()).toBe("paused")
    await act("Resume")
    await row.getByText("scheduled").waitFor()
    await act("Run now")
    expect(await raw.messages.count(1)).toEqual(["tea"])
    await act("Cancel")
    await dashboard.button("Keep it").click()
    expect(await state()).toBe("scheduled")
    await act("Cancel")
    await dashboard.page.getByRole("dialog").getByRole("button").last().click()
    await row.waitFor({ state: "detached" })
    expect(await state()).not.toBe("scheduled")
    const said = dashboard.page.getByText("tea is cancelled.")
    await said.and(dashboard.page.locator(":focus")).waitFor()
  })

  it("whoever ran a schedule for its only time is not lost when its buttons go", async () => {
    const port = await launch([]).port()
    const api = scheduleClient(port)
    for (const about of ["tea", "coffee"]) {
      const once = { every: "1 hour", maxRuns: 1, about, channels: ["broadcast"], data: 1 }
      expect((await api("POST", "/api/schedules", once)).status).toBe(201)
    }
    const dashboard = await openDashboard(port)
    await dashboard.goTo("Schedules")
    const row = dashboard.page.getByRole("row").filter({ hasText: "tea" })
    const run = async (within: { getByRole: typeof row.getByRole }) => {
      await within.getByRole("button", { name: /^Run now/ }).focus()
      await dashboard.page.keyboard.press("Enter")
    }
    const focused = dashboard.page.locator(":focus")
    await run(row)
    await row.waitFor({ state: "detached" })
    await dashboard.page.getByText("The run of tea was sent.").and(focused).waitFor()
    await dashboard.page.getByRole("link", { name: "coffee" }).click()
    await run(dashboard.page)
    await dashboard.button("Run now").waitFor({ state: "detached" })
    await dashboard.page.getByText("The run of coffee was sent.").and(focused).waitFor()
  })

  it("reaches all schedules of a state, and shows what became of one where it can be seen", async () => {
    const port = await launch([]).port()
    const api = scheduleClient(port)
    const create = (n: number) =>
      api("POST", "/api/schedules", { id: `s${n}`, every: "1 hour", channels: ["broadcast"], data: n })
    await Promise.all(Array.from({ length: 120 }, (_, n) => create(n)))
    const dashboard = await openDashboard(port)
    await dashboard.goTo("Schedules")
    await dashboard.page.getByLabel("Show").selectOption("scheduled")
    await dashboard.says("100 schedules scheduled, and more")
    await dashboard.button("More schedules").click()
    await dashboard.says("120 schedules scheduled, at")
    await dashboard.page.getByRole("button", { name: "Pause s99" }).click()
    // Those that were loaded besides stay, without the one that is paused; the button is gone with it.
    await dashboard.says("119 schedules scheduled, at")
    const said = dashboard.page.getByText("s99 is paused.")
    await said.and(dashboard.page.locator(":focus")).waitFor()
    const seen = await said.boundingBox()
    expect(seen!.y).toBeGreaterThanOrEqual(0)
    expect(await dashboard.page.evaluate("scrollY")).toBeGreaterThan(seen!.y)
    await dashboard.page.getByLabel("By its id").fill("s42")
    await dashboard.button("Open").click()
    await dashboard.page.getByRole("heading", { level: 1, name: "s42" }).waitFor()
  })

  it("shows for the search field, the list, a channel and a preview what they are of, and nothing else", async () => {
    const namespace = JSON.stringify([{ name: "news" }])
    const port = await launch(["--client.insecure", "true", "--channels.namespaces", namespace]).port()
    await connect(`ws://127.0.0.1:${port}/?channels=news:a`)
    const dashboard = await openDashboard(port)
    const { page } = dashboard
    await dashboard.goTo("Channels")
    const field = page.getByLabel("Channels that fit")
    await field.fill("news:[a")
    await dashboard.button("Search").click()
    await dashboard.says("The [ of this pattern is not closed")
    await dashboard.goTo("Channels")
    await page.getByRole("link", { name: "news:a" }).waitFor()
    expect(await field.inputValue()).toBe("")
    await page.goBack()
    await dashboard.says("0 channels with subscribers fit news:[a")
    expect(await field.inputValue()).toBe("news:[a")
    const open = (channel: string) =>
      page.evaluate(`location.hash = "#/channels/${encodeURIComponent(channel)}"`)
    await open("news:a")
    await dashboard.says("1 subscriber")
    await open("news:b")
    await dashboard.says("0 subscribers")
    const many = Array.from({ length: 100 }, (_, n) => `news:many${n}`)
    for (let n = 0; n < 2; n++) await connect(`ws://127.0.0.1:${port}/?channels=${many}`)
    await open("news:a")
    // It is not among the hundred with the most any more.
    await dashboard.says(/^1 subscriber, at/)
    await open("other:a")
    await dashboard.says("There is no such channel here")
    expect(await page.getByRole("main").getByRole("heading", { level: 2 }).count()).toBe(0)
    await dashboard.goTo("Schedules")
    await page.getByRole("link", { name: "New schedule" }).click()
    await page.getByLabel("By cron").check()
    await dashboard.button("Preview").click()
    await dashboard.says(/It would be due, in the time of \S+,/)
    await page.getByLabel("Cron", { exact: true }).fill("0 10 * * *")
    await page.getByText("It would be due").waitFor({ state: "detached" })
  })

  it("is on a port of its own, over worker processes, as it is without them", async () => {
    const server = launch(["--server.workers", "2", "--admin.port", "0", ...DEMO_ARGS])
    const port = await server.port()
    const line = await server.lines.first((text) => text.startsWith("dashboard on "))
    const adminPort = Number(new URL(line.slice("dashboard on ".length)).port)
    expect(adminPort).not.toBe(port)
    const dashboard = await openDashboard(adminPort)
    const demo = new DemoPage(await open(`http://127.0.0.1:${port}/demo`))
    await demo.areConnected()
    // The three panes, the connection that sends, and the dashboard's own.
    await dashboard.tile("Connections", "5")
    await demo.send("hello")
    for (const name of PANES) await demo.line(name, "hello")
    await dashboard.goTo("Actors")
    for (const worker of ["worker-0", "worker-1"]) await dashboard.says(worker)
    await dashboard.goTo("Channels")
    await dashboard.page
      .getByRole("row")
      .filter({ hasText: "demo:chat" })
      .getByText("4", { exact: true })
      .waitFor()
    expect((await ask(port, "/", { headers: { accept: "text/html" } })).status).toBe(426)
  })

  it("says that the server is gone, and that it was restarted, and goes on where it was", async () => {
    const store = ["--store.path", temporaryFolder()]
    const first = launch(store)
    const port = await first.port()
    const dashboard = await openDashboard(port, { expected: SERVER_GONE })
    await dashboard.goTo("Publish")
    await dashboard.page.getByLabel("Data").fill('"typed before"')
    first.kill("SIGKILL")
    await dashboard.says("The connection to the server was lost")
    await first.ended
    launch([...store, "--server.port", `${port}`])
    await dashboard.says("The server was restarted; this page is connected again")
    await dashboard.isLive()
    expect(await dashboard.page.getByLabel("Data").inputValue()).toBe('"typed before"')
    await dashboard.button("Publish").click()
    await dashboard.says("Published")
  })

  it.each(["light", "dark"] as const)(
    "is accessible in each view, and fits, also on a phone: %s",
    async (scheme) => {
      const everyone = ["--channels.withoutNamespace.allowSubscribeForClient", "true"]
      const history = [
        "--channels.withoutNamespace.historySize",
        "5",
        "--channels.withoutNamespace.historyTtl",
        "1 hour"
      ]
      const port = await launch(["--client.insecure", "true", ...everyone, ...history]).port()
      const api = scheduleClient(port)
      await connect(`ws://127.0.0.1:${port}/?channels=news`)
      await api("POST", "/api/schedules", {
        every: "1 hour",
        about: "tea",
        channels: ["news"],
        data: { a: 1 }
      })
      await api("POST", "/api/publish", { channel: "news", data: { b: 2 }, receipt: true })
      const dashboard = await openDashboard(port, { scheme })
      const found: Array<string> = []
      const look = async (view: string) => {
        // What is where does not depend on the colours.
        for (const width of scheme === "light" ? [360, 1280] : [1280]) {
          await dashboard.page.setViewportSize({ width, height: 900 })
          found.push(...(await violationsOf(dashboard.page)).map((one) => `${view}, ${width}: ${one}`))
          if (await isTooWide(dashboard.page)) found.push(`${view}, ${width}: is too wide`)
        }
      }
      for (const view of VIEWS) {
        await dashboard.goTo(view)
        if (view === "Overview") await dashboard.tile("Connections", "2")
        if (view === "Actors") await dashboard.says("shard")
        if (view === "Schedules") await dashboard.says("tea")
        if (view === "Channels" || view === "Receipts") await dashboard.says("news")
        await look(view)
      }
      await dashboard.goTo("Channels")
      await dashboard.page.getByRole("link", { name: "news" }).click()
      await dashboard.says('{"b":2}')
      await look("one channel")
      await dashboard.goTo("Schedules")
      await dashboard.page.getByRole("link", { name: "tea" }).click()
      await dashboard.says("Catches up")
      await look("one schedule")
      expect(found).toEqual([])
    }
  )
})
