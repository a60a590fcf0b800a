import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { beforeAll, expect, it, onTestFinished } from "vitest"
import { hashPassword } from "../../src/config/passwordHash.ts"
import { violationsOf } from "../support/browser/accessibility.ts"
import { DashboardPage } from "../support/browser/dashboardPage.ts"
import { answered, describeInBrowser, SERVER_GONE } from "../support/browser/inBrowser.ts"
import { ask } from "../support/server/ask.ts"
import { connect } from "../support/server/clients.ts"
import { API_KEY, launch, type ServerProcess } from "../support/server/ServerProcess.ts"
import { temporaryFolder } from "../support/server/temporaryFolder.ts"

/** What a wrong key, or a session that is over, is answered with. */
const REFUSED = [answered(401)]

/** As the log has it. */
const linkOf = async (server: ServerProcess): Promise<string> => {
  const line = await server.lines.first((text) => text.startsWith("dashboard on "))
  return line.slice("dashboard on ".length)
}

/** A page of another origin, and what it tries. */
const attackerPage = (host: string, script: string): Promise<string> => {
  const server = createServer((_, response) =>
    response
      .writeHead(200, { "content-type": "text/html" })
      .end(`<!doctype html><title>elsewhere</title><link rel="icon" href="data:,"><script>${script}</script>`)
  )
  onTestFinished(() => void server.close())
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://${host}:${(server.address() as AddressInfo).port}/`))
  )
}

/** All that a page can do to a server that its visitor is logged in to, and what came of each. */
const attack = (port: number): string => `const attack = () => {
  const at = "http://127.0.0.1:${port}"
  const publish = JSON.stringify({ channel: "broadcast", data: "pwned" })
  const tried = (promise) => promise.then(({ type, status }) => type + " " + status, (error) => "failed")
  const send = (path, init) => tried(fetch(at + path, { method: "POST", credentials: "include", ...init }))
  const socket = new Promise((resolve) => {
    const socket = new WebSocket("ws://127.0.0.1:${port}/connection/websocket")
    socket.onopen = () => resolve("open")
    socket.onclose = () => resolve("closed")
  })
  const frame = new Promise((resolve) => {
    const frame = document.createElement("iframe")
    frame.src = at + "/"
    frame.onload = () => resolve("loaded")
    document.documentElement.append(frame)
  })
  const form = document.createElement("form")
  const sink = document.createElement("iframe")
  sink.name = "sink"
  document.documentElement.append(sink, form)
  form.target = "sink"
  form.method = "post"
  form.enctype = "text/plain"
  form.action = at + "/admin/logout"
  form.submit()
  return Promise.all([
    send("/api/publish", { mode: "no-cors", body: publish }),
    send("/api/publish", { headers: { "content-type": "application/json" }, body: publish }),
    send("/admin/logout", { mode: "no-cors", body: "{}" }),
    send("/admin/token", { body: "{}" }),
    tried(fetch(at + "/admin/session", { credentials: "include" })),
    socket, frame
  ])
}`

describeInBrowser("logging in to the dashboard", (open) => {
  let passwordHash: string
  beforeAll(async () => {
    passwordHash = await hashPassword("correct horse")
  })
  const withPassword = () => ["--admin.passwordHash", passwordHash]

  it("by the link that the server prints: the key is gone from the address, and the view is there", async () => {
    const dashboard = new DashboardPage(await open(await linkOf(launch([], { apiKey: null }))))
    await dashboard.isLive()
    expect(dashboard.page.url()).not.toContain("key")
    expect(await dashboard.page.evaluate("history.length")).toBeLessThanOrEqual(2)
    await dashboard.tile("Server", "Serving")
    await dashboard.button("Log out").click()
    await dashboard.says("You are logged out.")
    const cookies = await dashboard.page.context().cookies()
    expect(cookies).toEqual([])
  })

  it("by a link with another key is refused with a sentence", async () => {
    const port = await launch([]).port()
    const dashboard = new DashboardPage(
      await open(`http://127.0.0.1:${port}/#key=another`, { expected: REFUSED })
    )
    await dashboard.says("The link's key is not this server's")
    expect(dashboard.page.url()).not.toContain("another")
    await dashboard.logIn("API key", API_KEY)
    await dashboard.isLive()
    // Pasted over the address of a view, it changes nothing but says so.
    await dashboard.goTo("Publish")
    await dashboard.page.evaluate("location.hash = '#key=another'")
    await dashboard.says("The link's key is not this server's")
    expect(dashboard.page.url()).toBe(`http://127.0.0.1:${port}/#/publish`)
    await dashboard.button("Dismiss").click()
    await dashboard.isLive()
  })

  it("out says so where it does not work", async () => {
    const port = await launch([]).port()
    const dashboard = await DashboardPage.open(open, port, { expected: [answered(503)] })
    const logOut = `http://127.0.0.1:${port}/admin/logout`
    await dashboard.page.route(logOut, (route) => route.fulfill({ status: 503, body: "" }))
    await dashboard.button("Log out").click()
    await dashboard.says("You are still logged in, as far as is known.")
    await dashboard.page.unroute(logOut)
    await dashboard.button("Log out").click()
    await dashboard.says("You are logged out.")
  })

  it("out ends it in all tabs at once", async () => {
    const port = await launch([]).port()
    const dashboard = await DashboardPage.open(open, port, { expected: REFUSED })
    const tab = new DashboardPage(await dashboard.page.context().newPage())
    await tab.page.goto(`http://127.0.0.1:${port}/#/publish`)
    await tab.isLive()
    await dashboard.button("Log out").click()
    await dashboard.says("You are logged out.")
    await tab.says("Your session is over.")
  })

  it("by password, and not by a wrong one; too many wrong ones have to wait", async () => {
    const port = await launch(withPassword()).port()
    const dashboard = new DashboardPage(
      await open(`http://127.0.0.1:${port}/`, { expected: [answered(401), answered(429)] })
    )
    await dashboard.logIn("Password", "wrong horse")
    await dashboard.says("This is not the password.")
    await dashboard.logIn("Password", "correct horse")
    await dashboard.isLive()
    const [cookie] = await dashboard.page.context().cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/", secure: false })
    await dashboard.button("Log out").click()
    for (let attempt = 0; attempt < 5; attempt++) {
      await dashboard.logIn("Password", `wrong ${attempt}`)
      await dashboard.says("This is not the password.")
      await dashboard.page.getByLabel("Password", { exact: true }).last().fill("")
    }
    await dashboard.logIn("Password", "correct horse")
    await dashboard.says(/Too many wrong attempts\. Try again in \d+ seconds?\./)
    expect(await violationsOf(dashboard.page)).toEqual([])
  })

  it("again after the session expired, back to where one was, with what was typed", async () => {
    const port = await launch([...withPassword(), "--admin.sessionTime", "4 seconds"]).port()
    const dashboard = await DashboardPage.open(open, port, { expected: REFUSED })
    await dashboard.goTo("Publish")
    await dashboard.page.getByLabel("Data").fill('{"half":')
    await dashboard.says("Your session is over.")
    await dashboard.logIn("Password", "correct horse")
    await dashboard.page.getByRole("heading", { level: 1, name: "Publish" }).waitFor()
    expect(await dashboard.page.getByLabel("Data").inputValue()).toBe('{"half":')
    await dashboard.isLive()
  })

  it("is still good after the server was restarted with another key, or leads to the log-in page", async () => {
    const [store, other] = [temporaryFolder(), "another key"]
    const start = (port: string, key: string) =>
      launch(["--server.port", port, "--store.path", store, "--auth.apiKey", key, ...withPassword()])
    const server = start("0", API_KEY)
    const port = await server.port()
    const expected = [...REFUSED, ...SERVER_GONE, answered(503)]
    const byPassword = new DashboardPage(await open(`http://127.0.0.1:${port}/`, { expected }))
    await byPassword.logIn("Password", "correct horse")
    await byPassword.isLive()
    const byKey = await DashboardPage.open(open, port, { expected })
    server.kill("SIGKILL")
    await server.ended
    await byPassword.says("The connection to the server was lost")
    await byKey.says("The connection to the server was lost")
    await start(String(port), other).port()
    await byPassword.isLive()
    await byKey.says("Your session is over.")
    await byKey.page.getByLabel("API key", { exact: true }).first().check()
    await byKey.logIn("API key", other)
    await byKey.isLive()
    // What was open before hears the new server, by subscriptions that have new tokens.
    await connect(`ws://127.0.0.1:${port}/`)
    await byKey.tile("Connections", "3")
    await byPassword.tile("Connections", "3")
  })

  it("is accessible in both schemes", async () => {
    const port = await launch(withPassword()).port()
    for (const scheme of ["light", "dark"] as const) {
      const page = await open(`http://127.0.0.1:${port}/`, { scheme })
      await page.getByRole("button", { name: "Log in" }).waitFor()
      expect(await violationsOf(page)).toEqual([])
    }
  })

  // Another port is another origin, to which the browser sends cookies all the same; another name is another
  // site, of which nobody is logged in.
  it.each(["127.0.0.1", "localhost"])("is of no use to a page of another origin: %s", async (host) => {
    const port = await launch([]).port()
    const dashboard = await DashboardPage.open(open, port)
    const elsewhere = await attackerPage(host, attack(port))
    const page = await open(elsewhere, { beside: dashboard.page, expected: [/./] })
    const posted = page.waitForResponse(
      (response) => response.request().isNavigationRequest() && response.url().endsWith("/logout")
    )
    expect(await page.evaluate("attack()")).toEqual([
      expect.stringMatching(/^(opaque 0|failed)$/),
      "failed",
      expect.stringMatching(/^(opaque 0|failed)$/),
      "failed",
      "failed",
      "closed",
      "loaded"
    ])
    expect((await posted).status()).toBe(403)
    // A frame that may not show the page shows an error of the browser instead.
    expect(page.frames().map((frame) => frame.url())).not.toContain(`http://127.0.0.1:${port}/`)
    const metrics = await ask(port, "/metrics", { headers: { "x-api-key": API_KEY } })
    expect(metrics.body).toMatch(/^clarion_broadcasts_total 0$/m)
    // Nobody logged it out, either.
    await dashboard.page.reload()
    await dashboard.isLive()
  })
})
