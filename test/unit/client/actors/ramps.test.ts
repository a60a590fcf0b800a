import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { RampSupervisor } from "../../../../src/actors/RampSupervisor.ts"
import { ActorTree } from "../../../../src/services/ActorTree.ts"
import { ramps, socketsTurn, targetAt } from "../../../support/client/ramps.ts"
import { answering, deaf, freePort, good, listen } from "../../../support/client/servers.ts"

describe("the pace of a ramp", () => {
  it.effect("follows the clock: an hour of batches, one a minute, whatever becomes of the connections", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      const { metrics, layer } = ramps(targetAt(port), {
        "total.clients": 175,
        "setup.batchSize": 3,
        "setup.interval": "1 minute"
      })
      yield* Effect.gen(function* () {
        const supervisor = yield* RampSupervisor
        yield* TestClock.adjust(0)
        expect([supervisor.phase(), metrics.connectionCounts.attempted]).toEqual(["ramping", 3])
        yield* TestClock.adjust(59_999)
        expect(metrics.connectionCounts.attempted).toBe(3)
        yield* TestClock.adjust(1)
        expect(metrics.connectionCounts.attempted).toBe(6)
        yield* TestClock.adjust("57 minutes")
        expect([supervisor.phase(), metrics.connectionCounts.attempted]).toEqual(["ramping", 175])
        yield* TestClock.adjust("1 minute")
        expect([supervisor.phase(), metrics.connectionCounts.attempted]).toEqual(["holding", 175])
        yield* TestClock.adjust("1 hour")
        yield* metrics.happened("failed connectRefused", 175)
        expect(metrics.connectionCounts).toMatchObject({
          attempted: 175,
          errors: { connectRefused: 175 },
          active: 0
        })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("is each address's own, with all connections for each", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, logs, layer } = ramps(
        targetAt(server.port),
        { "total.clients": 3, "setup.batchSize": 2 },
        ["127.0.1.1", "127.0.1.2"]
      )
      yield* Effect.gen(function* () {
        const supervisor = yield* RampSupervisor
        yield* TestClock.adjust(0)
        expect(metrics.connectionCounts.attempted).toBe(4)
        yield* TestClock.adjust("2 seconds")
        expect(supervisor.phase()).toBe("holding")
        yield* metrics.happened("open", 6)
        expect(logs.texts("Info")).toEqual(["start IP: 127.0.1.1", "start IP: 127.0.1.2"])
        const [client] = yield* (yield* ActorTree).snapshot
        expect(client?.children).toMatchObject([
          { name: "ramp-127.0.1.1", state: "serving", connections: 3, restarts: 0 },
          { name: "ramp-127.0.1.2", state: "serving", connections: 3, restarts: 0 }
        ])
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("a connection that waits too long", () => {
  it.effect("for an answer is ended after setup.timeout, and others after theirs", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => listen())
      const { metrics, layer } = ramps(targetAt(server.port), {
        "total.clients": 4,
        "setup.batchSize": 2,
        "setup.interval": "10 seconds",
        "setup.timeout": "30 seconds"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust("10 seconds")
        yield* Effect.promise(() => server.sockets.count(4))
        yield* socketsTurn
        yield* TestClock.adjust("20 seconds")
        yield* socketsTurn
        expect(metrics.events.all).toEqual([])
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("failed handshakeTimeout", 2)
        yield* TestClock.adjust("9500 millis")
        yield* socketsTurn
        expect(metrics.connectionCounts.errors).toEqual({ handshakeTimeout: 2 })
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("failed handshakeTimeout", 4)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("for TLS is ended after setup.timeout too", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => listen())
      const { metrics, layer } = ramps(targetAt(server.port, true), {
        "total.clients": 1,
        "setup.timeout": "5 seconds"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust("5 seconds")
        yield* Effect.promise(() => server.sockets.count(1))
        expect(metrics.events.all).toEqual([])
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("failed connectTimeout")
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("for anything to hear is closed after websocket.timeout, each for itself", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, ended, layer } = ramps(targetAt(server.port), {
        "total.clients": 2,
        "websocket.timeout": "1 minute"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        yield* TestClock.adjust("40 seconds")
        server.sockets.all[0]!.send("still here")
        yield* metrics.happened("message")
        yield* TestClock.adjust("20 seconds")
        yield* socketsTurn
        expect(metrics.active).toBe(2)
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("closed 1000")
        yield* TestClock.adjust("39500 millis")
        yield* socketsTurn
        expect(metrics.active).toBe(1)
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("closed 1000", 2)
        expect(yield* Effect.promise(() => server.ends.count(2))).toEqual([
          "1000 nothing heard",
          "1000 nothing heard"
        ])
        expect(ended.flush()).toHaveLength(1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("is not ended where websocket.timeout is 0", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { "total.clients": 1 })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open")
        yield* TestClock.adjust("1 hour")
        yield* socketsTurn
        expect(metrics.active).toBe(1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("for the server's close frame is cut two seconds after its own", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(deaf)
      const { metrics, layer } = ramps(targetAt(server.port), {
        "total.clients": 1,
        "websocket.timeout": "1 minute"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open")
        yield* TestClock.adjust("62500 millis")
        yield* socketsTurn
        expect(metrics.active).toBe(1)
        yield* TestClock.adjust("500 millis")
        yield* metrics.happened("closed 1006")
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("connections that end at once for the same reason are one line of the log", () => {
  it.effect("when nobody listens", () =>
    Effect.gen(function* () {
      const { metrics, ended, layer } = ramps(targetAt(yield* Effect.promise(freePort)), {
        "total.clients": 40
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("failed connectRefused", 40)
        expect(ended.flush()).toEqual([expect.stringMatching(/connect refused \(40 times\)$/)])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("when nothing is answered, though each waited a little longer than the next", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() => listen())
      const { metrics, ended, layer } = ramps(targetAt(server.port), {
        "total.clients": 4,
        "setup.batchSize": 1,
        "setup.interval": "50 ms",
        "setup.timeout": "5 seconds"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust("1 second")
        yield* Effect.promise(() => server.sockets.count(4))
        yield* socketsTurn
        yield* TestClock.adjust("5 seconds")
        yield* metrics.happened("failed handshakeTimeout", 4)
        expect(ended.flush()).toEqual([expect.stringMatching(/handshake timeout \(4 times\)$/)])
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("the end of all ramps", () => {
  it.effect("closes every connection with 1000, and is complete when the server has answered", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, ended, layer } = ramps(targetAt(server.port), { "total.clients": 600 })
      yield* Effect.gen(function* () {
        const { stop, phase } = yield* RampSupervisor
        yield* TestClock.adjust("1 second")
        yield* metrics.happened("open", 600)
        yield* stop
        expect(phase()).toBe("done")
        expect(metrics.connectionCounts).toEqual({
          attempted: 600,
          opened: 600,
          active: 0,
          reconnects: 0,
          waiting: 0,
          closed: 600,
          closedByCode: { 1000: 600 },
          errors: {}
        })
        const ends = yield* Effect.promise(() => server.ends.count(600))
        expect(new Set(ends)).toEqual(new Set(["1000 end of run"]))
        expect(ended.flush()).toEqual(["closed because of 1000 end of run (600 times)"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect(
    "in the middle of the ramp opens no further batch, and gives up what is not open yet without an error",
    () =>
      Effect.gen(function* () {
        const server = yield* Effect.promise(() =>
          answering((socket, good, index) => void (index === 0 && socket.write(good)))
        )
        const { metrics, layer } = ramps(targetAt(server.port), {
          "total.clients": 100,
          "setup.batchSize": 5
        })
        yield* Effect.gen(function* () {
          const { stop, phase } = yield* RampSupervisor
          yield* TestClock.adjust(0)
          yield* metrics.happened("open")
          yield* Effect.promise(() => server.sockets.count(5))
          const stopping = yield* Effect.forkChild(stop)
          yield* TestClock.adjust("1 second")
          expect(phase()).toBe("draining")
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(stopping)
          expect(metrics.connectionCounts).toMatchObject({ attempted: 5, active: 0, closed: 1 })
          expect(metrics.connectionCounts.errors).toEqual({})
        }).pipe(Effect.provide(layer))
      })
  )

  it.effect("is not held up by a server that never answers a close frame", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(deaf)
      const { metrics, layer } = ramps(targetAt(server.port), { "total.clients": 3 }, [
        "127.0.1.1",
        "127.0.1.2"
      ])
      yield* Effect.gen(function* () {
        const { stop, phase } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 6)
        const stopping = yield* Effect.forkChild(stop)
        yield* TestClock.adjust("1 second")
        yield* socketsTurn
        expect([phase(), metrics.active]).toEqual(["draining", 6])
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(stopping)
        expect([phase(), metrics.active]).toEqual(["done", 0])
        expect(metrics.connectionCounts.closedByCode).toEqual({ 1006: 6 })
      }).pipe(Effect.provide(layer))
    })
  )
})
