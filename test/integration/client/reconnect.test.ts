import { mkdtempSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect, onTestFinished } from "vitest"
import { WebSocketServer } from "ws"
import { RampSupervisor } from "../../../src/actors/RampSupervisor.ts"
import { reportAt, startClient } from "../../support/client/programs.ts"
import { ramps, targetAt } from "../../support/client/ramps.ts"
import { answering, good } from "../../support/client/servers.ts"

/** Short waits, as time is the machine's own here. */
const ON = { "reconnect.enabled": true, "reconnect.minDelay": "20 ms", "reconnect.maxDelay": "100 ms" }

/** Nobody else's, so that nobody takes a port of it while its server is stopped. */
const HOST = "127.0.3.7"

/** A server that can be stopped, with all its connections, and started again on its port. */
const startServer = async (port = 0) => {
  const server = new WebSocketServer({ host: HOST, port })
  await new Promise((resolve) => void server.once("listening", resolve))
  server.on("connection", (socket) => void socket.on("error", () => {}))
  const stop = () =>
    new Promise<void>((resolve) => {
      for (const socket of server.clients) socket.terminate()
      server.close(() => resolve())
    })
  onTestFinished(stop)
  const bound = (server.address() as AddressInfo).port
  return { port: bound, target: { ...targetAt(bound), address: HOST }, stop }
}

describe("connections of a ramp", () => {
  it.live("come back, all of them, when the server cuts them time and again", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 300 })
      yield* Effect.gen(function* () {
        const { phase } = yield* RampSupervisor
        yield* metrics.happened("open", 300)
        for (const round of [1, 2, 3]) {
          for (const socket of server.sockets.all.slice(-300)) socket.terminate()
          yield* metrics.happened("back", 300 * round)
        }
        expect(["ramping", "holding"]).toContain(phase())
        expect(metrics.connectionCounts).toEqual({
          attempted: 1200,
          opened: 1200,
          active: 300,
          reconnects: 900,
          waiting: 0,
          closed: 900,
          closedByCode: { 1006: 900 },
          errors: {}
        })
      }).pipe(Effect.provide(layer))
    })
  )

  it.live("come back when the server is started again on its port, after many refusals", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => startServer())
      const { metrics, layer } = ramps(server.target, { ...ON, "total.clients": 100 })
      yield* Effect.gen(function* () {
        yield* metrics.happened("open", 100)
        yield* Effect.promise(server.stop)
        yield* metrics.happened("failed connectRefused", 300)
        yield* Effect.promise(() => startServer(server.port))
        yield* metrics.happened("back", 100)
        const { attempted, errors, ...counts } = metrics.connectionCounts
        expect(counts).toEqual({
          opened: 200,
          active: 100,
          reconnects: 100,
          waiting: 0,
          closed: 100,
          closedByCode: { 1006: 100 }
        })
        expect(attempted).toBe(200 + errors.connectRefused!)
      }).pipe(Effect.provide(layer))
    })
  )

  it.live("come no sooner than a refusal asks for", () =>
    Effect.gen(function* () {
      const asked: Array<number> = []
      const server = yield* Effect.promise(() =>
        answering((socket, good) => {
          const answer =
            asked.push(performance.now()) === 1 ? "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n" : good
          socket.write(answer)
        })
      )
      const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 1 })
      yield* Effect.gen(function* () {
        yield* metrics.happened("open")
        expect(asked).toHaveLength(2)
        expect(asked[1]! - asked[0]!).toBeGreaterThan(990)
        expect(metrics.connectionCounts).toMatchObject({ errors: { refused: 1 }, reconnects: 0 })
      }).pipe(Effect.provide(layer))
    })
  )

  it.live("that wait do not hold up the end of the run", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => startServer())
      const { metrics, layer } = ramps(server.target, {
        "total.clients": 20,
        "reconnect.enabled": true,
        "reconnect.minDelay": "1 hour",
        "reconnect.maxDelay": "1 hour"
      })
      yield* Effect.gen(function* () {
        const { stop, phase } = yield* RampSupervisor
        yield* metrics.happened("open", 20)
        yield* Effect.promise(server.stop)
        yield* metrics.happened("closed 1006", 20)
        expect(metrics.connectionCounts).toMatchObject({ active: 0, waiting: 20 })
        yield* stop
        expect([phase(), metrics.connectionCounts.waiting]).toEqual(["done", 0])
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("a run of the client", () => {
  it("reports how many connections came back", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clarion-reconnect-"))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, "report.json")
    const server = await good()
    const client = startClient(`ws://127.0.0.1:${server.port}`, {
      ...ON,
      "report.interval": "100 ms",
      "report.json": path
    })
    await server.sockets.count(10)
    await client.line(/^ +count = 10$/)
    const [staysAway, ...comeBack] = server.sockets.all.slice(0, 10)
    staysAway!.close(3503, "force disconnect")
    for (const socket of comeBack) socket.close(1012)
    await client.line(/closed because of 3503/)
    await client.lines.until((all) =>
      all.some((line, i) => line === "Reconnects" && / 9$/.test(all[i + 1] ?? ""))
    )
    client.signal("SIGINT")
    expect(await client.ended).toEqual({ code: 0, signal: null })
    expect(reportAt(path).connections).toEqual({
      attempted: 19,
      active: 9,
      reconnects: 9,
      waiting: 0,
      closed: 10,
      closedByCode: { 1012: 9, 3503: 1 },
      errors: {}
    })
  })
})
