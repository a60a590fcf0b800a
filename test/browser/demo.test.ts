import { expect, it } from "vitest"
import { isTooWide, violationsOf } from "../support/browser/accessibility.ts"
import { DEMO_ARGS, DemoPage, PANES } from "../support/browser/demoPage.ts"
import { answered, describeInBrowser, SERVER_GONE } from "../support/browser/inBrowser.ts"
import { ask } from "../support/server/ask.ts"
import { API_KEY, launch } from "../support/server/ServerProcess.ts"

const urlOf = (port: number): string => `http://127.0.0.1:${port}/demo`

const publish = (port: number, data: unknown) =>
  ask(port, "/api/publish", {
    method: "POST",
    headers: { "x-api-key": API_KEY },
    body: JSON.stringify({ channel: "demo:chat", data })
  })

describeInBrowser("the demo page", (open) => {
  const openDemo = async (port: number, options?: Parameters<typeof open>[1]) => {
    const demo = new DemoPage(await open(urlOf(port), options))
    await demo.areConnected()
    return demo
  }

  it("shows in all three panes what is sent, with offset and delay where they are known", async () => {
    const port = await launch(DEMO_ARGS).port()
    const [ada, bob] = [await openDemo(port), await openDemo(port)]
    await ada.page.getByLabel("Name").fill("Ada")
    await ada.send("Good morning")
    for (const name of PANES) {
      expect(await (await ada.line(name, "Good morning")).innerText()).toMatch(/^Ada: Good morning\n+live/)
      expect(await (await bob.line(name, "Good morning")).innerText()).toMatch(/\d+ ms/)
    }
    expect(await (await bob.line("sdk", "Good morning")).innerText()).toContain("offset 1")
    expect(await (await bob.line("events", "Good morning")).innerText()).toContain("offset 1")
    expect(await (await bob.line("raw", "Good morning")).innerText()).not.toContain("offset")
    await ada.page.getByText("Accepted by the server: 1.").waitFor()
    expect(await ada.page.getByLabel("Message", { exact: true }).inputValue()).toBe("")
  })

  it("shows what others publish there, whatever it is, as text", async () => {
    const port = await launch(DEMO_ARGS).port()
    const demo = await openDemo(port)
    await publish(port, { price: 1.5, of: "<img src=x onerror=alert(1)>" })
    for (const name of PANES) await demo.line(name, '{"price":1.5,"of":"<img src=x onerror=alert(1)>"}')
    await publish(port, "a text")
    for (const name of PANES) await demo.line(name, "a text")
  })

  it("recovers by SDK, EventSource and since what is sent while a connection is cut; a raw WebSocket alone misses it", async () => {
    const port = await launch(DEMO_ARGS).port()
    const [plain, since] = [await openDemo(port), await openDemo(port)]
    await since.page.getByLabel("Come back with since=").check()
    await since.send("before")
    for (const name of PANES) for (const demo of [plain, since]) await demo.line(name, "before")
    for (const demo of [plain, since]) {
      await demo.button("Cut all three for 5 s").click()
      for (const name of PANES) await demo.is(name, "away")
    }
    await since.button("Send 100 in a second").click()
    await since.page.getByText("Accepted by the server: 101.").waitFor()
    for (const demo of [plain, since]) {
      await demo.areConnected()
      for (const name of ["sdk", "events"] as const) {
        await demo.counts(name, "Received", 101)
        await demo.counts(name, "Recovered", 100)
        await demo.counts(name, "Missed", 0)
        expect(await (await demo.line(name, "100 of 100")).innerText()).toMatch(/recovered\n?.*offset 101/)
      }
    }
    await since.counts("raw", "Received", 101)
    await since.counts("raw", "Recovered", 100)
    await since.counts("raw", "Missed", 0)
    await plain.line("raw", "What was published meanwhile is not known")
    await plain.counts("raw", "Missed", "≥ 0")
    await since.send("after")
    await plain.line("raw", "100 messages are missing here")
    await plain.counts("raw", "Missed", 100)
    await plain.counts("raw", "Recovered", 0)
  })

  it("says what is missing where the history does not reach back so far", async () => {
    const port = await launch(DEMO_ARGS).port()
    const demo = await openDemo(port)
    await demo.page.getByLabel("Come back with since=").check()
    await demo.send("before")
    for (const name of PANES) await demo.line(name, "before")
    for (const sent of [101, 201, 301]) {
      await demo.button("Cut all three for 5 s").click()
      await demo.button("Send 100 in a second").click()
      await demo.page.getByText(`Accepted by the server: ${sent}.`).waitFor()
    }
    for (const name of ["sdk", "events"] as const) await demo.line(name, "300 messages are missing here")
    await demo.line("raw", "how much, nobody can tell")
    await demo.areConnected()
    await demo.send("after")
    for (const name of PANES) await demo.line(name, "after")
    for (const name of PANES) await demo.counts(name, "Missed", 300)
  })

  it("disconnects and connects again, and tells what came meanwhile", async () => {
    const port = await launch(DEMO_ARGS).port()
    const demo = await openDemo(port)
    await publish(port, "one")
    for (const name of PANES) await demo.line(name, "one")
    for (const title of ["Raw WebSocket", "SDK", "EventSource"])
      await demo.button(`Disconnect: ${title}`).click()
    for (const name of PANES) await demo.is(name, "off")
    await publish(port, "two")
    for (const title of ["Raw WebSocket", "SDK", "EventSource"])
      await demo.button(`Connect: ${title}`).click()
    await demo.areConnected()
    await demo.line("sdk", "two")
    await demo.line("events", "two")
    // What has no time of its sender is known as recovered all the same.
    await demo.counts("events", "Recovered", 1)
    await publish(port, "three")
    await demo.line("events", "three")
    await demo.counts("events", "Recovered", 1)
    await demo.button("Clear: SDK").click()
    await demo.counts("sdk", "Received", 0)
    expect(await demo.pane("sdk").locator("li").count()).toBe(0)
  })

  it("says that the server is gone, keeps what could not be sent, and goes on with the next server", async () => {
    const first = launch(DEMO_ARGS)
    const port = await first.port()
    const demo = await openDemo(port, { expected: SERVER_GONE })
    await demo.send("before")
    for (const name of PANES) await demo.line(name, "before")
    first.kill("SIGKILL")
    for (const name of PANES) await demo.is(name, "away")
    await demo.page.getByText("The sending connection is not there").waitFor()
    await demo.send("in between")
    await demo.page.getByText("Not sent: 1.").waitFor()
    expect(await demo.page.getByLabel("Message", { exact: true }).inputValue()).toBe("in between")
    await first.ended
    launch([...DEMO_ARGS, "--server.port", `${port}`])
    await demo.areConnected()
    await demo.line("sdk", "how much, nobody can tell")
    await demo.line("events", "how much, nobody can tell")
    await demo.button("Send").click()
    for (const name of PANES) await demo.line(name, "in between")
    // Neither the stream nor the sender of before tells what others may have published meanwhile.
    for (const name of PANES) await demo.counts(name, "Missed", "≥ 0")
  })

  it("says which way the server does not have, and leaves it alone", async () => {
    const port = await launch([...DEMO_ARGS, "--events.enabled", "false"]).port()
    const demo = new DemoPage(await open(urlOf(port), { expected: [answered(404), answered(426)] }))
    await demo.is("events", "refused")
    await demo.areConnected(["raw", "sdk"])
    await demo.button("Cut all three for 5 s").click()
    for (const name of ["raw", "sdk"] as const) await demo.line(name, "Back after")
    await demo.is("events", "refused")
    expect(await demo.pane("events").locator("li").count()).toBe(1)
    expect(await demo.button("Cut: EventSource").isDisabled()).toBe(true)
    await demo.send("hello")
    for (const name of ["raw", "sdk"] as const) await demo.line(name, "hello")
  })

  it("is accessible, and fits, in both schemes, and on a phone", async () => {
    const port = await launch(DEMO_ARGS).port()
    for (const scheme of ["light", "dark"] as const) {
      const demo = await openDemo(port, { scheme })
      await demo.send("hello")
      for (const name of PANES) await demo.line(name, "hello")
      await demo.button("Cut for 5 s: SDK").click()
      await demo.is("sdk", "away")
      for (const width of [1280, 360]) {
        await demo.page.setViewportSize({ width, height: 900 })
        expect(await violationsOf(demo.page)).toEqual([])
        expect(await isTooWide(demo.page)).toBe(false)
      }
    }
  })

  it("can be used by the keyboard alone", async () => {
    const port = await launch(DEMO_ARGS).port()
    const demo = await openDemo(port)
    const { page } = demo
    const focused =
      "document.activeElement.ariaLabel || document.activeElement.textContent || document.activeElement.name || document.activeElement.type"
    const reached: Array<string> = []
    for (let i = 0; i < 22; i++) {
      await page.keyboard.press("Tab")
      reached.push(await page.evaluate(focused))
    }
    expect(reached).toEqual(
      expect.arrayContaining(["name", "text", "Send", "Cut: SDK", "Disconnect: EventSource"])
    )
    await page.getByLabel("Message", { exact: true }).focus()
    await page.keyboard.type("typed")
    await page.keyboard.press("Enter")
    for (const name of PANES) await demo.line(name, "typed")
    await demo.button("Cut: Raw WebSocket").focus()
    await page.keyboard.press("Space")
    await demo.line("raw", "Back after")
  })

  it("is not there where the demo is off", async () => {
    const port = await launch([]).port()
    const headers = { accept: "text/html" }
    const [demo, unknown] = [await ask(port, "/demo", { headers }), await ask(port, "/unknown", { headers })]
    expect([demo.status, demo.body]).toEqual([unknown.status, unknown.body])
  })
})
