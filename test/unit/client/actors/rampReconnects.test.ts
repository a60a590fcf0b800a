import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import { expect, onTestFinished, vi } from "vitest"
import { RampSupervisor } from "../../../../src/actors/RampSupervisor.ts"
import { Connector } from "../../../../src/client/Connector.ts"
import { ramps, type Settings, socketsTurn, targetAt } from "../../../support/client/ramps.ts"
import { answering, deaf, freePort, good, listen, UNAVAILABLE } from "../../../support/client/servers.ts"

const ON: Settings = {
  "total.clients": 2,
  "reconnect.enabled": true,
  "reconnect.minDelay": "1 second",
  "reconnect.maxDelay": "8 seconds"
}

/** Every wait is half of its bound. */
const middling = Effect.provideService(Random.Random, {
  nextDoubleUnsafe: () => 0.5,
  nextIntUnsafe: () => 0
})

describe("a connection that is lost", () => {
  it.effect("stays away where reconnect.enabled is false", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { "total.clients": 2 })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        for (const socket of server.sockets.all) socket.terminate()
        yield* metrics.happened("closed 1006", 2)
        yield* TestClock.adjust("1 hour")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 2, active: 0, waiting: 0 })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("comes back after its backoff, while its ramp goes on holding", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), ON)
      yield* Effect.gen(function* () {
        const { phase } = yield* RampSupervisor
        yield* TestClock.adjust("1 second")
        yield* metrics.happened("open", 2)
        for (const socket of server.sockets.all) socket.close(1012, "restart")
        yield* metrics.happened("closed 1012", 2)
        expect(metrics.connectionCounts).toMatchObject({ active: 0, waiting: 2, reconnects: 0 })
        yield* TestClock.adjust(499)
        yield* socketsTurn
        expect([phase(), metrics.connectionCounts.attempted]).toEqual(["holding", 2])
        yield* TestClock.adjust(1)
        yield* metrics.happened("back", 2)
        expect(phase()).toBe("holding")
        expect(metrics.connectionCounts).toEqual({
          attempted: 4,
          opened: 4,
          active: 2,
          reconnects: 2,
          waiting: 0,
          closed: 2,
          closedByCode: { 1012: 2 },
          errors: {}
        })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("comes back while its ramp still opens others, and its share is never exceeded", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), {
        ...ON,
        "total.clients": 6,
        "setup.batchSize": 2,
        "setup.interval": "10 seconds"
      })
      yield* Effect.gen(function* () {
        const { phase } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        for (const socket of server.sockets.all) socket.terminate()
        yield* metrics.happened("closed 1006", 2)
        yield* TestClock.adjust("9 seconds")
        yield* metrics.happened("back", 2)
        expect([phase(), metrics.active]).toEqual(["ramping", 2])
        yield* TestClock.adjust("30 seconds")
        yield* metrics.happened("open", 6)
        expect([phase(), metrics.active]).toEqual(["holding", 6])
        expect(metrics.connectionCounts).toMatchObject({ attempted: 8, reconnects: 2 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect(
    "backs off longer each time, and from the start once it has been open for reconnect.maxDelay",
    () =>
      Effect.gen(function* () {
        const server = yield* Effect.promise(good)
        const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 1 })
        yield* Effect.gen(function* () {
          yield* TestClock.adjust("1 second")
          yield* metrics.happened("open")
          const lostAndBack = Effect.fnUntraced(function* (times: number, waits: number) {
            server.sockets.all[times - 1]!.terminate()
            yield* metrics.happened("closed 1006", times)
            yield* TestClock.adjust(waits - 1)
            expect(metrics.connectionCounts.attempted).toBe(times)
            yield* TestClock.adjust(1)
            yield* metrics.happened("back", times)
          })
          yield* lostAndBack(1, 500)
          yield* lostAndBack(2, 1_000)
          yield* lostAndBack(3, 2_000)
          yield* lostAndBack(4, 4_000)
          yield* lostAndBack(5, 4_000)
          yield* TestClock.adjust(7_000)
          yield* lostAndBack(6, 4_000)
          yield* TestClock.adjust(8_500)
          yield* lostAndBack(7, 500)
        }).pipe(Effect.provide(layer))
      }).pipe(middling)
  )

  it.effect("because nothing was heard comes back too", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), {
        ...ON,
        "total.clients": 1,
        "websocket.timeout": "1 minute"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open")
        yield* TestClock.adjust("61 seconds")
        yield* metrics.happened("closed 1000")
        yield* TestClock.adjust("1 second")
        yield* metrics.happened("back")
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("with a close code that says so stays away", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 5 })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 5)
        for (const [i, code] of [3500, 3999, 4500, 1009, 3499].entries()) server.sockets.all[i]!.close(code)
        for (const code of [3500, 3999, 4500, 1009, 3499]) yield* metrics.happened(`closed ${code}`)
        yield* TestClock.adjust("1 hour")
        yield* metrics.happened("back")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 6, active: 1, waiting: 0 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )
})

describe("a connection that does not come about", () => {
  it.effect("is attempted again, and its first opening is no reconnect", () =>
    Effect.gen(function* () {
      let refuse = true
      const server = yield* Effect.promise(() =>
        answering((socket, good) => void socket.end(refuse ? UNAVAILABLE : good))
      )
      const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 1 })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("failed refused")
        yield* TestClock.adjust(500)
        yield* metrics.happened("failed refused", 2)
        refuse = false
        yield* TestClock.adjust(1_000)
        yield* metrics.happened("open")
        expect(metrics.connectionCounts).toMatchObject({
          attempted: 3,
          opened: 1,
          reconnects: 0,
          errors: { refused: 2 }
        })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("is not attempted before Retry-After has passed", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() =>
        answering((socket) => void socket.end("HTTP/1.1 429 Slow Down\r\nRetry-After: 30\r\n\r\n"))
      )
      const { metrics, layer } = ramps(targetAt(server.port), { ...ON, "total.clients": 1 })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("failed refused")
        yield* TestClock.adjust(30_499)
        expect(metrics.connectionCounts).toMatchObject({ attempted: 1, waiting: 1 })
        yield* TestClock.adjust(1)
        expect(metrics.connectionCounts).toMatchObject({ attempted: 2, waiting: 0 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("because nothing is answered is attempted again", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => listen())
      const { metrics, layer } = ramps(targetAt(server.port), {
        ...ON,
        "total.clients": 1,
        "setup.timeout": "5 seconds"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* Effect.promise(() => server.sockets.count(1))
        yield* socketsTurn
        yield* TestClock.adjust("6 seconds")
        yield* metrics.happened("failed handshakeTimeout")
        yield* TestClock.adjust("1 second")
        yield* Effect.promise(() => server.sockets.count(2))
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("because of the request itself is not", () =>
    Effect.gen(function* () {
      const [forbidden, other] = ["HTTP/1.1 403 Forbidden\r\n\r\n", "SSH-2.0-Other\r\n"]
      const server = yield* Effect.promise(() =>
        answering((socket, _, index) => void socket.end(index === 0 ? forbidden : other))
      )
      const { metrics, layer } = ramps(targetAt(server.port), ON)
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("failed refused")
        yield* metrics.happened("failed malformed")
        yield* TestClock.adjust("1 hour")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 2, waiting: 0 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )
})

describe("connections that wait to come back", () => {
  it.effect("do not hold up the end, and none is opened after it", () =>
    Effect.gen(function* () {
      const { metrics, layer } = ramps(targetAt(yield* Effect.promise(freePort)), ON)
      yield* Effect.gen(function* () {
        const { stop, phase } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("failed connectRefused", 2)
        expect(metrics.connectionCounts.waiting).toBe(2)
        yield* stop
        expect([phase(), metrics.connectionCounts.waiting]).toEqual(["done", 0])
        yield* TestClock.adjust("1 hour")
        yield* socketsTurn
        expect(metrics.connectionCounts.attempted).toBe(2)
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("stay away while the end waits for a server that never answers a close frame", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(deaf)
      const { metrics, layer } = ramps(targetAt(server.port), ON)
      yield* Effect.gen(function* () {
        const { stop, phase } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        server.sockets.all[0]!.destroy()
        yield* metrics.happened("closed 1006")
        const stopping = yield* Effect.forkChild(stop)
        yield* TestClock.adjust("1 second")
        yield* socketsTurn
        expect(phase()).toBe("draining")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 2, active: 1, waiting: 0 })
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(stopping)
        expect(phase()).toBe("done")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 2, active: 0, waiting: 0 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("are gone with a ramp that dies; its next life opens its whole share", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), {
        ...ON,
        "reconnect.minDelay": "8 seconds"
      })
      yield* Effect.gen(function* () {
        const { actors } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        server.sockets.all[0]!.terminate()
        yield* metrics.happened("closed 1006")
        yield* actors[0]!.crash("test")
        yield* metrics.happened("closed 1006", 2)
        expect(metrics.connectionCounts.waiting).toBe(0)
        yield* TestClock.adjust("1 second")
        yield* metrics.happened("open", 4)
        yield* TestClock.adjust("1 hour")
        expect(metrics.connectionCounts).toMatchObject({ attempted: 4, active: 2, reconnects: 0 })
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )

  it.effect("crash their ramp, and not the process, where a bug is met as they come back", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, logs, layer } = ramps(targetAt(server.port), ON)
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        server.sockets.all[0]!.terminate()
        yield* metrics.happened("closed 1006")
        const connect = vi.spyOn(Connector.prototype, "connect").mockImplementationOnce(() => {
          throw new Error("a bug")
        })
        onTestFinished(() => connect.mockRestore())
        yield* TestClock.adjust(500)
        expect(logs.texts("Warn")).toEqual(["client/ramp-127.0.1.1 crashed: a bug; restart in 1000 ms"])
        yield* TestClock.adjust("1 second")
        yield* metrics.happened("open", 4)
        expect(metrics.connectionCounts.waiting).toBe(0)
      }).pipe(Effect.provide(layer))
    }).pipe(middling)
  )
})
