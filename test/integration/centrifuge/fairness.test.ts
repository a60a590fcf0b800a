/** Nobody gets more than the rules allow, and nobody leaves anything behind. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Control } from "../../../src/services/Control.ts"
import { Presence } from "../../../src/services/Presence.ts"
import {
  type CentrifugeServer,
  serveCentrifuge,
  withNamespaces
} from "../../support/centrifuge/centrifugeServer.ts"
import { openStream } from "../../support/centrifuge/HttpStream.ts"
import { openScript } from "../../support/centrifuge/Script.ts"
import { hs256 } from "../../support/jwt.ts"

const GET = { method: "GET" } as const
const token = (user: string) => hs256("secret", { sub: user })

const left = (server: CentrifugeServer, channel: string) =>
  server.served.runtime.runPromise(
    Effect.gen(function* () {
      const clients = yield* (yield* Presence).get(channel)
      const channels = yield* (yield* Control).channels
      return { present: clients.size, subscribed: channels.get(channel) ?? 0 }
    })
  )

describe.each(["uws", "ws"] as const)("on %s", (transport) => {
  it("a raw connection that is closed over its first channel leaves nothing in the others", async () => {
    const server = await serveCentrifuge(transport)
    for (const channel of ["a", "b"]) await server.publish(channel, 1)
    const since = encodeURIComponent("a=elsewhere:5&b=elsewhere:5")
    const raw = await openScript(server, { path: `/?channels=a,b&since=${since}` })
    expect((await raw.ended).code).toBe(3010)
    for (const channel of ["a", "b"])
      expect(await left(server, channel)).toEqual({ present: 0, subscribed: 0 })
  })

  it("who may subscribe but not read history gets none without an SDK either", async () => {
    const server = await serveCentrifuge(transport, {
      "client.insecure": false,
      ...withNamespaces({
        name: "closed",
        historySize: 10,
        historyTtl: "1 minute",
        allowSubscribeForClient: true
      })
    })
    for (const n of [1, 2]) await server.publish("closed:a", n)
    const path = `/events?channels=closed:a&since=1&token=${token("u")}`
    const stream = await openStream(server.port, path, GET)
    await stream.first(2)
    await server.publish("closed:a", 3)
    await stream.until(() => stream.text.includes("data: 3"))
    expect(stream.lines.filter((line) => line === "1" || line === "2")).toEqual([])
    expect(stream.lines[0]).toBe("event: unrecovered")
    // Of several channels it is told as well which it was away from, though it may not have what it missed.
    const both = `/events?channels=closed:a,closed:b&token=${token("u")}`
    const first = await openStream(server.port, both, GET)
    await first.first(3)
    const headers = { "last-event-id": first.lines[0]!.slice("id: ".length) }
    const again = await openStream(server.port, both, { ...GET, headers })
    await again.first(7)
    expect(again.lines.filter((line) => line.startsWith('{"channel'))).toEqual([
      '{"channel":"closed:a"}',
      '{"channel":"closed:b"}',
      '{"channels":["closed:a","closed:b"]}'
    ])
  })

  it("connections of a user are counted, whatever they are", async () => {
    const server = await serveCentrifuge(transport, { "client.userConnectionLimit": 1 })
    const first = await openStream(server.port, `/events?channels=a&token=${token("u")}`, GET)
    await first.until(() => first.text !== "")
    const second = await openScript(server, { path: `/?channels=a&token=${token("u")}` })
    expect((await second.ended).code).toBe(3504)
  })

  it("a frame with many large answers holds nobody else up, and costs what a client may have waiting", async () => {
    const server = await serveCentrifuge(transport)
    for (let n = 0; n < 100; n++) await server.publish("a", `"${"x".repeat(60_000)}"`)
    const greedy = await openScript(server, {})
    await greedy.client.send('{"id":1,"connect":{}}')
    await greedy.client.messages.count(1)
    greedy.client.socket.pause()
    const before = process.memoryUsage().rss
    await greedy.client.send(
      Array.from({ length: 500 }, (_, n) => `{"id":${n + 2},"history":{"channel":"a","limit":100}}`).join(
        "\n"
      )
    )
    const other = await openScript(server, {})
    await other.client.send('{"id":1,"connect":{}}')
    await other.client.messages.count(1)
    expect(process.memoryUsage().rss - before).toBeLessThan(500 * 1_048_576)
    greedy.client.socket.resume()
    expect([3008, 3009]).toContain((await greedy.ended).code)
  })
})
