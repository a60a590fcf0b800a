import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect, onTestFinished, vi } from "vitest"
import { RAMP_RESTARTS, RampSupervisor } from "../../../../src/actors/RampSupervisor.ts"
import { Connector } from "../../../../src/client/Connector.ts"
import { ramps, socketsTurn, targetAt } from "../../../support/client/ramps.ts"
import { good } from "../../../support/client/servers.ts"

const ADDRESSES = ["127.0.1.1", "127.0.1.2"]

/** What would have ended the process, from here on to the end of the test. */
const uncaught = (): ReadonlyArray<unknown> => {
  const errors: Array<unknown> = []
  const usual = process.listeners("uncaughtException")
  process.removeAllListeners("uncaughtException")
  process.on("uncaughtException", (error) => void errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException")
    for (const listener of usual) process.on("uncaughtException", listener)
  })
  return errors
}

describe("a ramp that dies", () => {
  it.effect("is restarted after a second and ramps anew; the log and the count of restarts say so", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, logs, layer } = ramps(targetAt(server.port), { "total.clients": 4 }, ADDRESSES)
      yield* Effect.gen(function* () {
        const { actors, restarts } = yield* RampSupervisor
        yield* TestClock.adjust("2 seconds")
        yield* metrics.happened("open", 8)
        yield* actors[0]!.crash("test")
        yield* metrics.happened("closed 1006", 4)
        expect([actors[0]!.state(), actors[1]!.state()]).toEqual(["restarting", "serving"])
        yield* TestClock.adjust(999)
        yield* socketsTurn
        expect([restarts(), metrics.active, metrics.connectionCounts.attempted]).toEqual([0, 4, 8])
        yield* TestClock.adjust(1)
        yield* metrics.happened("open", 12)
        expect([restarts(), metrics.active, metrics.connectionCounts.attempted]).toEqual([1, 8, 12])
        expect(actors.map((actor) => actor.restarts())).toEqual([1, 0])
        expect(logs.texts("Warn")).toEqual(["client/ramp-127.0.1.1 crashed: test; restart in 1000 ms"])
        expect(metrics.connectionCounts.closedByCode).toEqual({ 1006: 4 })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("in the middle of its ramp leaves nothing behind that opens more", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), {
        "total.clients": 6,
        "setup.batchSize": 2,
        "setup.interval": "400 ms"
      })
      yield* Effect.gen(function* () {
        const { actors, phase } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 2)
        yield* actors[0]!.crash("test")
        yield* TestClock.adjust(999)
        expect(metrics.connectionCounts.attempted).toBe(2)
        yield* TestClock.adjust(1)
        expect([phase(), metrics.connectionCounts.attempted]).toEqual(["ramping", 4])
        yield* TestClock.adjust("1 hour")
        expect([phase(), metrics.connectionCounts.attempted]).toEqual(["holding", 8])
      }).pipe(Effect.provide(layer))
    })
  )

  it.live("leaves nothing behind on the machine's own clock either", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), {
        "total.clients": 60,
        "setup.batchSize": 2,
        "setup.interval": "20 ms"
      })
      yield* Effect.gen(function* () {
        const { actors, restarts } = yield* RampSupervisor
        yield* metrics.happened("open", 1)
        yield* actors[0]!.crash("test")
        const { opened } = metrics.connectionCounts
        yield* metrics.happened("open", opened + 1)
        // The next one that opens is the next life's.
        expect(restarts()).toBe(1)
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("more often than its budget allows fails the client, with the last cause", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { logs, layer } = ramps(targetAt(server.port), { "total.clients": 1 }, ADDRESSES)
      yield* Effect.gen(function* () {
        const { actors, failure, restarts } = yield* RampSupervisor
        const failed = yield* Effect.forkChild(Effect.flip(failure), { startImmediately: true })
        for (let crash = 1; crash <= RAMP_RESTARTS.budget; crash++) {
          yield* actors[0]!.crash(`bug ${crash}`)
          yield* TestClock.adjust(RAMP_RESTARTS.backoffMs * 2 ** (crash - 1))
          expect([actors[0]!.state(), restarts()]).toEqual(["serving", crash])
        }
        expect(failed.pollUnsafe()).toBeUndefined()
        yield* actors[0]!.crash("bug 4")
        expect((yield* Fiber.join(failed)).message).toBe(
          "client/ramp-127.0.1.1 crashed again after 3 restarts: bug 4"
        )
        expect(logs.texts("Warn")).toHaveLength(3)
        expect(actors.map((actor) => actor.state())).toEqual(["failed", "serving"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("of a bug met while it opens a batch does not take the process with it", () =>
    Effect.gen(function* () {
      const errors = uncaught()
      const server = yield* Effect.promise(good)
      const connect = vi.spyOn(Connector.prototype, "connect").mockImplementationOnce(() => {
        throw new Error("a bug")
      })
      onTestFinished(() => connect.mockRestore())
      const { metrics, logs, layer } = ramps(targetAt(server.port), { "total.clients": 2 })
      yield* Effect.gen(function* () {
        const { restarts } = yield* RampSupervisor
        yield* TestClock.adjust("1 second")
        // xstate throws what its observers throw again, from a timer.
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 0)))
        expect(errors).toEqual([])
        expect(restarts()).toBe(1)
        expect(logs.texts("Warn")).toEqual(["client/ramp-127.0.1.1 crashed: a bug; restart in 1000 ms"])
        yield* metrics.happened("open", 2)
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("the end of a client with a ramp that", () => {
  it.effect("waits for its restart does not wait for it", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { "total.clients": 2 }, ADDRESSES)
      yield* Effect.gen(function* () {
        const { actors, stop } = yield* RampSupervisor
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 4)
        yield* actors[0]!.crash("test")
        yield* stop
        yield* TestClock.adjust("1 hour")
        expect(actors.map((actor) => actor.state())).toEqual(["stopped", "stopped"])
        expect(metrics.connectionCounts).toMatchObject({ attempted: 4, active: 0 })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("has failed does not wait for it", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer } = ramps(targetAt(server.port), { "total.clients": 1 }, ADDRESSES)
      yield* Effect.gen(function* () {
        const { actors, stop } = yield* RampSupervisor
        for (let crash = 0; crash <= RAMP_RESTARTS.budget; crash++) {
          yield* actors[0]!.crash("test")
          yield* TestClock.adjust("10 seconds")
        }
        yield* metrics.happened("open", 1)
        yield* stop
        expect(actors.map((actor) => actor.state())).toEqual(["failed", "stopped"])
      }).pipe(Effect.provide(layer))
    })
  )
})
