/** The dashboard over worker processes: whichever of them a page's requests and connections come to. */
import { describe, expect, it, vi } from "vitest"
import { adminPaths, dashboardChannels, type Overview } from "../../../src/protocol/dashboard.ts"
import { Visitor } from "../../support/admin/Visitor.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { API_KEY } from "../../support/server/ServerProcess.ts"
import { serveApi } from "../../support/workers/ApiServer.ts"

// Whole processes on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

const { overview } = dashboardChannels
const HTML = { accept: "text/html", "accept-encoding": "gzip" }

describe.each(["uws", "ws"])("the dashboard over workers on %s", (transport) => {
  it("is one server: each worker has the page, knows the session, and takes its tokens", async () => {
    const server = await serveApi(2, ["--server.transport", transport])
    const visitors = [...(await server.server.askers()).values()].map((ask) => new Visitor(server.port, ask))
    const [first, second] = visitors as [Visitor, Visitor]
    const [page, same] = [await first.get("/", HTML), await second.get("/", HTML)]
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])
    expect([same.status, same.headers.etag]).toEqual([200, page.headers.etag])
    await first.logIn({ apiKey: API_KEY })
    Object.assign(second, { cookie: first.cookie, csrf: first.csrf })
    expect((await second.get(adminPaths.session)).status).toBe(200)

    const sdks = await server.sdkEach(() => new Sdk(server.port, { getToken: () => second.token() }))
    const heard = sdks.map((sdk) =>
      sdk.subscribe(overview, {
        getToken: ({ channel }: { channel: string }) => first.token(channel),
        delta: "fossil"
      })
    )
    for (const { publications } of await Promise.all(heard)) {
      const { data } = await publications.first(({ data }) => (data as Overview).connections === sdks.length)
      expect(data).toMatchObject({ state: "serving", clients: sdks.length })
    }
    await sdks[0]!.subscribe("news")
    expect(await server.channels()).toEqual({ news: 1 })
    const refused = new Sdk(server.port)
    const subscription = (await refused.connect()).client.newSubscription(overview)
    const end = new Promise((resolve) => subscription.once("unsubscribed", resolve))
    subscription.subscribe()
    expect(await end).toMatchObject({ code: 102 })

    expect((await second.post(adminPaths.logOut, "")).status).toBe(204)
    expect((await first.get(adminPaths.session)).status).toBe(401)
  })

  it("sends what a page loads whole, however large it is", async () => {
    const server = await serveApi(2, ["--server.transport", transport])
    for (const ask of (await server.server.askers()).values()) {
      const visitor = new Visitor(server.port, ask)
      const { body } = await visitor.get("/", { accept: "text/html" })
      const parts = [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, path]) => path!)
      expect(parts.length).toBeGreaterThan(0)
      for (const path of parts) {
        const part = await visitor.get(path)
        expect([path, part.status, part.headers["content-type"]]).toEqual([
          path,
          200,
          "text/javascript; charset=utf-8"
        ])
        expect(Number(part.headers["content-length"])).toBe(Buffer.byteLength(part.body))
      }
    }
  })
})
