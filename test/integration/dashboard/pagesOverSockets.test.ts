/** Pages as browsers get them, over real sockets and from the build. */
import { describe, expect, it } from "vitest"
import { Asker, ask } from "../../support/server/ask.ts"
import { type Settings, serve } from "../../support/server/serve.ts"

const HTML = { accept: "text/html,*/*;q=0.8" }
const VISITORS = { "demo.enabled": true, "client.allowAnonymousConnectWithoutToken": true }

describe.each(["uws", "ws"] as const)("pages on %s", (transport) => {
  const start = (settings: Settings = {}) => serve({ "server.transport": transport, ...settings })

  it("come with all that they load, and are sent again only when they have changed", async () => {
    const { port } = await start()
    const page = await ask(port, "/", { headers: HTML })
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!)
    expect(parts.length).toBeGreaterThan(1)
    for (const path of parts) {
      const whole = await fetch(`http://127.0.0.1:${port}${path}`)
      expect([path, whole.status, whole.headers.get("content-encoding")]).toEqual([path, 200, "gzip"])
      expect((await whole.text()).length).toBeGreaterThan(100)
      expect(whole.headers.get("cache-control")).toContain("immutable")
    }
    const again = await ask(port, "/", { headers: { ...HTML, "if-none-match": page.headers.etag! } })
    expect([again.status, again.body]).toEqual([304, ""])
  })

  it("are told of by HEAD, on a connection that goes on", async () => {
    const { port } = await start()
    const asker = new Asker(port)
    const headers = { ...HTML, "accept-encoding": "br" }
    const [head, get] = [
      await asker.ask("/", { method: "HEAD", headers }),
      await ask(port, "/", { headers: HTML })
    ]
    expect([head.status, head.body]).toEqual([200, ""])
    const whole = await fetch(`http://127.0.0.1:${port}/`, { headers })
    expect(await whole.text()).toBe(get.body)
    expect(head.headers["content-length"]).toBe(whole.headers.get("content-length"))
    expect((await asker.ask("/health")).status).toBe(200)
  })

  it("are for browsers: others hear what they always heard", async () => {
    const { port } = await start()
    for (const headers of [{}, { accept: "*/*" }] as ReadonlyArray<Record<string, string>>)
      expect((await ask(port, "/", { headers })).status).toBe(426)
    for (const path of ["/demo", "/elsewhere"])
      expect((await ask(port, path, { headers: HTML })).status).toBe(426)
  })

  it("of the demo are there where it is on, on the port where its connections are", async () => {
    const served = await start({ ...VISITORS, "admin.port": 0 })
    const [demo, none] = [
      await ask(served.port, "/demo", { headers: HTML }),
      await ask(served.server.adminPort!, "/demo", { headers: HTML })
    ]
    expect([demo.status, none.status]).toEqual([200, 426])
    const [script] = /\/assets\/demo[^"]+\.js/.exec(demo.body)!
    const raw = await ask(served.port, script, { headers: { "accept-encoding": "br" } })
    expect([raw.status, raw.headers["content-encoding"]]).toEqual([200, "br"])
    expect((await ask((await start(VISITORS)).port, "/", { headers: HTML })).status).toBe(200)
  })
})
