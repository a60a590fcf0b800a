/** The transport contract: plain HTTP beside the upgrades, open or guarded by the key. */
import { expect, it } from "vitest"
import { connect } from "../support/server/clients.ts"
import { HANDSHAKE, openRaw, requestOf } from "../support/server/RawClient.ts"
import { API_KEY, type Served } from "../support/server/serve.ts"
import type { Contract } from "./Contract.ts"

const GUARDED = ["/metrics", "/api/actors", "/api/no_such_method", "/api/"]

/** The three ways in which the key may come. */
const withKey = (served: Served, path: string) => [
  fetch(served.http(path), { headers: { "X-API-Key": API_KEY } }),
  fetch(served.http(path), { headers: { Authorization: `apikey ${API_KEY}` } }),
  fetch(served.http(`${path}?api_key=${encodeURIComponent(API_KEY)}`))
]

export const httpSuite = ({ start }: Contract) => {
  it("a plain GET anywhere else is answered with 426", async () => {
    const served = await start()
    for (const path of ["/", "/news", "/healthy", "/metrics/x"]) {
      const response = await fetch(served.http(path))
      expect([path, response.status, response.headers.get("upgrade")]).toEqual([path, 426, "websocket"])
      expect(await response.text()).not.toBe("")
    }
  })

  it("/health and /ready are open, and tell", async () => {
    const served = await start()
    await connect(served.url())
    const health = await fetch(served.http("/health"))
    expect([health.status, await health.json()]).toMatchObject([200, { status: "ok" }])
    const ready = await fetch(served.http("/ready"))
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, connections: 1 }])
    expect((await fetch(served.http("/health"), { method: "HEAD" })).status).toBe(200)
  })

  it("without the key, metrics and API are 401 with an empty body, whatever the method", async () => {
    const served = await start()
    for (const path of GUARDED) {
      for (const headers of [{}, { "X-API-Key": "wrong" }, { Authorization: `Bearer ${API_KEY}` }]) {
        const response = await fetch(served.http(path), { headers })
        expect([path, response.status, await response.text()]).toEqual([path, 401, ""])
      }
    }
    const post = await fetch(served.http("/api/actors?api_key=wrong"), { method: "POST", body: "{}" })
    expect([post.status, await post.text()]).toEqual([401, ""])
  })

  it("with the key, in each of its three ways, they answer", async () => {
    const served = await start()
    for (const response of await Promise.all(withKey(served, "/metrics"))) {
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining("clarion_connections 0")
      ])
      expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4")
    }
    for (const response of await Promise.all(withKey(served, "/api/actors"))) {
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({ result: { actors: [{ name: "primary" }] } })
    }
    for (const response of await Promise.all(withKey(served, "/api/no_such_method")))
      expect(response.status).toBe(404)
  })

  it("a body over the limit is answered with 413", async () => {
    const served = await start({ "limits.requestSize": 1000 })
    const post = (size: number) =>
      fetch(served.http("/api/actors"), {
        method: "POST",
        headers: { "x-api-key": API_KEY },
        body: "x".repeat(size)
      })
    expect((await post(1000)).status).toBe(200)
    expect((await post(1001)).status).toBe(413)
    expect((await post(1000)).status).toBe(200)
  })

  it("requests that nobody expects are answered or cut, and nothing else ends", async () => {
    const served = await start()
    const witness = await connect(served.url())
    const odd = [
      requestOf({ Host: "x" }, { method: "TRACE" }),
      requestOf({ Host: "x" }, { method: "TRACE", path: "/metrics" }),
      requestOf({ Host: "x" }, { method: "PROPFIND", path: "/api/actors" }),
      requestOf({ Host: "x", "X-Odd": "\u20ac" }),
      requestOf({ Host: "x" }, { path: "//" }),
      requestOf({ Host: "x" }, { path: "//[" }),
      requestOf({ Host: "x" }, { path: "/%zz?%zz" }),
      requestOf({ Host: "x", Upgrade: "h2c", Connection: "Upgrade" }, { path: "/health" })
    ]
    for (const request of odd) {
      const raw = (await openRaw(served)).send(request)
      await Promise.race([raw.head().catch(() => {}), raw.ended])
      const answer = String(raw.received)
      if (answer !== "")
        expect([request, answer]).toEqual([request, expect.stringMatching(/^HTTP\/1.1 [24]/)])
    }
    await served.broadcast("x")
    expect(await witness.messages.count(1)).toEqual(["x"])
  })

  it("a client that goes away in the middle of a request disturbs nobody", async () => {
    const served = await start()
    const witness = await connect(served.url())
    const head = requestOf(
      { Host: "x", "x-api-key": API_KEY, "Content-Length": "1000" },
      { method: "POST", path: "/api/actors" }
    )
    for (let i = 0; i < 20; i++) {
      const raw = await openRaw(served)
      raw.send(head.slice(0, i % 2 === 0 ? 40 : undefined)).send("some of the body")
      raw.socket.resetAndDestroy()
      await raw.ended
    }
    const gone = (await openRaw(served)).send(requestOf({ ...HANDSHAKE }))
    gone.socket.destroy()
    expect((await fetch(served.http("/health"))).status).toBe(200)
    await served.broadcast("x")
    expect(await witness.messages.count(1)).toEqual(["x"])
  })
}
