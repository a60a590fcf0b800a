/** The API on a port of its own, and the tree of actors that it shows. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { connectMany } from "../../support/server/clients.ts"
import { API_KEY, serve } from "../../support/server/serve.ts"

const headers = { "x-api-key": API_KEY }

describe.each(["uws", "ws"] as const)("the admin port beside %s", (transport) => {
  const settings = { "server.transport": transport, "admin.port": 0 }

  it("has the API and the metrics, which server.port has no more", async () => {
    const served = await serve(settings)
    const admin = `http://127.0.0.1:${served.server.adminPort}`
    expect(served.server.adminPort).not.toBe(served.port)
    for (const path of ["/metrics", "/api/actors"]) {
      expect((await fetch(`${admin}${path}`, { headers })).status).toBe(200)
      expect((await fetch(`${admin}${path}`)).status).toBe(401)
      expect((await fetch(served.http(path), { headers })).status).toBe(426)
    }
    for (const path of ["/health", "/ready"]) {
      expect((await fetch(`${admin}${path}`)).status).toBe(200)
      expect((await fetch(served.http(path))).status).toBe(200)
    }
  })

  it("/api/actors shows primary, shards and each shard: state, mailbox, connections, restarts", async () => {
    const served = await serve({ ...settings, "server.shards": 2 })
    await connectMany(served.url(), 130)
    const response = await fetch(`http://127.0.0.1:${served.server.adminPort}/api/actors`, { headers })
    const { result } = (await response.json()) as { result: { actors: unknown } }
    const shard = { state: "serving", mailbox: 0, restarts: 0, children: [] }
    expect(result.actors).toEqual([
      {
        name: "primary",
        address: "primary",
        state: "serving",
        connections: 130,
        children: [
          {
            name: "shards",
            address: "primary/shards",
            state: "serving",
            children: [
              { ...shard, name: "shard-0", address: "primary/shards/shard-0", connections: 128 },
              { ...shard, name: "shard-1", address: "primary/shards/shard-1", connections: 2 }
            ]
          },
          { name: "scheduler", address: "primary/scheduler", state: "waiting", mailbox: 0, children: [] }
        ]
      }
    ])
  })

  it("in use, it is a failure that says so, and nothing of the server stays behind", async () => {
    const other = createServer()
    onTestFinished(() => void other.close())
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
    const { port } = other.address() as AddressInfo
    const failing = serve({ ...settings, "admin.port": port })
    await expect(failing).rejects.toMatchObject({ _tag: "ListenFailed", reason: "portInUse", port })
    expect((await serve(settings)).port).toBeGreaterThan(0)
  })
})
