// Makes the pictures of docs/images: the pages of a real server under a real load, with names that were made up. Takes two minutes.
// Needs a build (npm run build) and Chromium: CLARION_CHROMIUM, or /usr/bin/chromium. node scripts/screenshots.mjs
import { spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath, pathToFileURL } from "node:url"
import { chromium } from "playwright-core"

const root = fileURLToPath(new URL("..", import.meta.url))
const images = join(root, "docs", "images")
const folder = mkdtempSync(join(tmpdir(), "clarion-pictures-"))
const KEY = "pictures"
const MAX_BYTES = 80_000
const CONNECTIONS = 2000

const children = []
const start = (args) => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] })
  children.push(child)
  return child
}
const line = (child, fits) =>
  new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const found = fits.exec(text)
      if (found !== null) resolve(found[1])
    })
    child.once("close", (code) => reject(new Error(`ended with ${code}, without ${fits}`)))
  })
const ended = (child) => new Promise((resolve) => child.once("close", resolve))
const flags = (settings) => Object.entries(settings).flatMap(([key, value]) => [`--${key}`, String(value)])

const startServer = () =>
  start([
    "dist/server.js",
    ...flags({
      "server.ip": "127.0.0.1",
      "server.port": 8088,
      "server.workers": 2,
      "server.shards": 2,
      "auth.apiKey": KEY,
      "store.path": join(folder, "store"),
      onlyTestConnect: false,
      totalSize: 1,
      "sending.timer.delay": 0,
      "sending.timer.interval": "1 second",
      "demo.enabled": true,
      "client.allowAnonymousConnectWithoutToken": true
    })
  ])

const startClient = (port) =>
  start([
    "dist/client.js",
    ...flags({
      "server.uri": `ws://127.0.0.1:${port}`,
      "local.ip": "127.0.1.1",
      "total.clients": CONNECTIONS,
      "setup.batchSize": 100,
      "setup.interval": "500 ms",
      duration: "60 seconds",
      "thresholds.p99": 500,
      "thresholds.errors": 0,
      "report.html": join(folder, "report.html")
    })
  ])

const schedules = [
  {
    about: "Morning briefing",
    cron: "0 8 * * MON-FRI",
    timeZone: "Europe/Berlin",
    channels: ["news"],
    data: {}
  },
  { about: "Prices", every: "30 seconds", channels: ["prices"], data: { pair: "EUR/USD" } }
]

const post = (port, path, body) =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers: { "x-api-key": KEY },
    body: JSON.stringify(body)
  })

/** As large as it may be, and no larger. */
const picture = async (page, name) => {
  const session = await page.context().newCDPSession(page)
  for (let quality = 90; quality >= 30; quality -= 10) {
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality })
    const bytes = Buffer.from(data, "base64")
    if (bytes.length > MAX_BYTES) continue
    writeFileSync(join(images, `${name}.webp`), bytes)
    process.stdout.write(`${name}.webp: ${bytes.length} bytes, quality ${quality}\n`)
    return
  }
  throw new Error(`${name} cannot be made smaller than ${MAX_BYTES} bytes`)
}

const open = async (browser, url, colorScheme, height = 800) => {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1280, height },
    deviceScaleFactor: 1.5,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce"
  })
  const page = await context.newPage()
  await page.goto(url)
  return page
}

const dashboard = async (browser, port, view, colorScheme, height) => {
  const page = await open(browser, `http://127.0.0.1:${port}/#key=${KEY}`, colorScheme, height)
  await page.locator(".link-state.up").waitFor()
  await page.getByRole("link", { name: view, exact: true }).click()
  return page
}

const demo = async (browser, port) => {
  const page = await open(browser, `http://127.0.0.1:${port}/demo`, "light", 880)
  const say = async (text) => {
    await page.getByLabel("Message", { exact: true }).fill(text)
    await page.getByRole("button", { name: "Send", exact: true }).click()
    await page.getByText(text).first().waitFor()
  }
  const are = async (state) => {
    for (const pane of ["raw", "sdk", "events"])
      await page.locator(`[data-pane=${pane}][data-state=${state}]`).waitFor()
  }
  await page.getByLabel("Name").fill("Ada")
  await are("on")
  await say("Good morning")
  await page.getByRole("button", { name: "Cut all three for 5 s" }).click()
  await are("away")
  for (const text of ["Are you there?", "The train is late", "Start without me"]) {
    await page.getByLabel("Message", { exact: true }).fill(text)
    await page.getByRole("button", { name: "Send", exact: true }).click()
  }
  await are("on")
  await say("Back at last")
  await page.locator("[data-pane=raw]").getByText("are missing here").waitFor()
  return page
}

const run = async (browser) => {
  mkdirSync(images, { recursive: true })
  const server = startServer()
  const port = await line(server, /serving on ws:\/\/127\.0\.0\.1:(\d+)/)
  for (const schedule of schedules) await post(port, "/api/schedules", schedule)
  const overview = await dashboard(browser, port, "Overview", "light", 860)
  const client = startClient(port)
  client.stdout.resume()
  const done = ended(client)
  await picture(await demo(browser, port), "demo")
  const actors = await dashboard(browser, port, "Actors", "dark", 500)
  // The charts show the last minute, as full as it gets.
  await overview.waitForTimeout(45_000)
  await picture(actors, "actors-dark")
  await picture(overview, "dashboard")
  await overview.emulateMedia({ colorScheme: "dark" })
  await picture(overview, "dashboard-dark")
  await done
  const report = await open(browser, pathToFileURL(join(folder, "report.html")).href, "light", 1000)
  await report.locator("canvas").first().waitFor()
  await picture(report, "report")
}

const browser = await chromium.launch({ executablePath: process.env.CLARION_CHROMIUM ?? "/usr/bin/chromium" })
try {
  await run(browser)
} finally {
  await browser.close()
  for (const child of children) child.kill()
  await Promise.all(children.filter(({ exitCode }) => exitCode === null).map(ended))
  rmSync(folder, { recursive: true, force: true })
}
