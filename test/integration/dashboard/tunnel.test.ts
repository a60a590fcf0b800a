/** The dashboard on a port of its own: its page, what it asks, and its WebSocket, which goes on to the server's port. */
import { Agent, request } from "node:https"
import { describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { adminPaths, dashboardChannels, type Overview } from "../../../src/protocol/dashboard.ts"
import { MAX_TUNNELS } from "../../../src/services/admin/tunnel.ts"
import { refusal, Visitor } from "../../support/admin/Visitor.ts"
import { Sdk } from "../../support/centrifuge/sdk.ts"
import { type Asked, ask } from "../../support/server/ask.ts"
import { makeCertificate } from "../../support/server/certificate.ts"
import { API_KEY, type Settings, serve } from "../../support/server/serve.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const PATH = "/connection/websocket"
const { overview } = dashboardChannels

/** Opens a WebSocket as a page would; settles with it, or with the status that refused it. */
const open = (
  url: string,
  headers: Readonly<Record<string, string>>,
  ca?: string
): Promise<WebSocket | number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers, ...(ca === undefined ? {} : { ca }) })
    socket.once("open", () => resolve(socket))
    socket.once("unexpected-response", (_, response) => resolve(response.statusCode ?? 0))
    socket.once("error", reject)
  })

const closed = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once("close", resolve))

/** What says that a page of this origin asks, with this session. */
const pageHeaders = ({ headers }: Visitor): Readonly<Record<string, string>> => ({
  origin: headers.origin!,
  ...(headers.cookie === undefined ? {} : { cookie: headers.cookie })
})

describe.each(["uws", "ws"] as const)("the dashboard on a port of its own beside %s", (transport) => {
  const start = async (settings: Settings = {}) => {
    const served = await serve({ "server.transport": transport, "admin.port": 0, ...settings })
    const port = served.server.adminPort!
    return { served, port, visitor: new Visitor(port), url: `ws://127.0.0.1:${port}${PATH}` }
  }

  it("logs in, asks and hears there, and not on server.port", async () => {
    const { served, port, visitor } = await start()
    await visitor.logIn({ apiKey: API_KEY })
    const cookie = visitor.headers.cookie!
    class Page extends WebSocket {
      constructor(url: string, protocols?: string | Array<string>) {
        super(url, protocols, { headers: pageHeaders(visitor) })
      }
    }
    const sdk = await new Sdk(port, { getToken: () => visitor.token(), websocket: Page }).connect()
    const { publications } = await sdk.subscribe(overview, {
      getToken: ({ channel }: { channel: string }) => visitor.token(channel)
    })
    const [first] = await publications.count(2)
    expect(first!.data as Overview).toMatchObject({ connections: 1, clients: 1, state: "serving" })
    for (const path of [adminPaths.session, "/api/actors", "/metrics"]) {
      expect([path, (await visitor.get(path)).status]).toEqual([path, 200])
      expect([path, (await ask(served.port, path, { headers: { cookie } })).status]).toEqual([path, 426])
    }
    const html = { headers: { accept: "text/html" } }
    expect((await ask(served.port, "/", html)).status).toBe(426)
  })

  it("lets no stranger through", async () => {
    const { visitor, url } = await start()
    const origin = visitor.headers.origin!
    expect(await open(url, { origin })).toBe(401)
    expect(await open(url, { origin, cookie: "clarion_session=guessed" })).toBe(401)
    await visitor.logIn({ apiKey: API_KEY })
    const { cookie } = pageHeaders(visitor)
    expect(await open(url, { cookie: cookie! })).toBe(403)
    for (const other of ["https://evil.example", `https://127.0.0.1:${visitor.port}0`, "null"])
      expect([other, await open(url, { cookie: cookie!, origin: other })]).toEqual([other, 403])
    for (const path of ["/", "/news", "/connection/uni_websocket"])
      expect(await open(url.replace(PATH, path), pageHeaders(visitor))).toBe(404)
    await visitor.post(adminPaths.logOut, "")
    expect(await open(url, { origin, cookie: cookie! })).toBe(401)
  })

  it(`holds ${MAX_TUNNELS} at most, and has room again when one ends`, async () => {
    const { visitor, url } = await start()
    await visitor.logIn({ apiKey: API_KEY })
    const opened = await Promise.all(
      Array.from({ length: MAX_TUNNELS }, () => open(url, pageHeaders(visitor)))
    )
    expect(opened.filter((one) => typeof one === "number")).toEqual([])
    expect(await open(url, pageHeaders(visitor))).toBe(503)
    const [first] = opened as [WebSocket]
    const end = closed(first)
    first.close()
    await end
    let next = await open(url, pageHeaders(visitor))
    // The other side of the tunnel may hear of the end a moment later.
    while (next === 503) next = await open(url, pageHeaders(visitor))
    expect(next).toBeInstanceOf(WebSocket)
  })

  it("tells its WebSockets of the end of the server, and leaves none", async () => {
    const { served, visitor, url } = await start()
    await visitor.logIn({ apiKey: API_KEY })
    const socket = (await open(url, pageHeaders(visitor))) as WebSocket
    const end = closed(socket)
    await served.stop()
    expect(await end).toBe(3001)
  })

  it("over TLS carries the WebSocket over TLS", async () => {
    const { cert, certFile, keyFile } = makeCertificate(temporaryFolder())
    const { port } = await start({ "server.tls.cert": certFile, "server.tls.key": keyFile })
    const origin = `https://localhost:${port}`
    const visitor = new Visitor(port, askTls(port, cert))
    const headers = { host: `localhost:${port}`, origin }
    const login = await visitor.post(adminPaths.logIn, { apiKey: API_KEY }, headers)
    expect(login.headers["set-cookie"]![0]).toMatch(/; Secure$/)
    const socket = await open(`wss://localhost:${port}${PATH}`, { origin, cookie: visitor.cookie! }, cert)
    expect(socket).toBeInstanceOf(WebSocket)
    const answer = new Promise((resolve) =>
      (socket as WebSocket).once("message", (data) => resolve(String(data)))
    )
    visitor.csrf = JSON.parse(login.body).csrf
    const token = JSON.parse((await visitor.post(adminPaths.token, {}, headers)).body).token
    ;(socket as WebSocket).send(JSON.stringify({ id: 1, connect: { token } }))
    expect(await answer).toContain('"client"')
    expect(
      refusal(await visitor.get(adminPaths.session, { ...headers, cookie: "clarion_session=x" }))
    ).toEqual([401, "expired"])
  })
})

const askTls = (port: number, ca: string) => {
  const agent = new Agent({ ca })
  return (path: string, { method = "GET", headers = {}, body }: Asked) =>
    new Promise<Awaited<ReturnType<typeof ask>>>((resolve, reject) => {
      const asking = request({ host: "localhost", port, path, method, headers, agent }, (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.once("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: String(Buffer.concat(parts))
          })
        )
      })
      asking.once("error", reject)
      asking.end(body)
    })
}
