/** What broadcasts expect of connections that leave or stop reading while one is under way: a ramp's sockets against a server of the test. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { RampSupervisor } from "../../../../src/actors/RampSupervisor.ts"
import { ramps, socketsTurn, targetAt } from "../../../support/client/ramps.ts"
import { good } from "../../../support/client/servers.ts"

/** One minute, at which the test's clock stands. */
const STAMP = "0000000060000"

/** Three connections that have been open for a minute. */
const three = Effect.fnUntraced(function* (scenario: string) {
  const server = yield* Effect.promise(good)
  const all = ramps(targetAt(server.port), { scenario, "total.clients": 3, "reconnect.enabled": false })
  const opened = Effect.gen(function* () {
    yield* TestClock.adjust(0)
    yield* all.metrics.happened("open", 3)
    yield* TestClock.adjust("1 minute")
  })
  const hears = Effect.fnUntraced(function* (which: number, count: number) {
    server.sockets.all[which]!.send(STAMP)
    yield* all.metrics.happened("message", count)
  })
  const broadcasts = () =>
    all.metrics.snapshot(0).broadcasts.broadcasts.map(({ expected, received }) => ({ expected, received }))
  return { ...all, server, opened, hears, broadcasts }
})

describe("a broadcast under way", () => {
  it.effect("still expects to reach a connection that the server ends, whether its copy came or not", () =>
    Effect.gen(function* () {
      const { server, layer, metrics, opened, hears, broadcasts } = yield* three("churn")
      yield* Effect.gen(function* () {
        yield* opened
        yield* hears(0, 1)
        server.sockets.all[1]!.close(3008)
        yield* metrics.happened("closed 3008")
        server.sockets.all[0]!.terminate()
        yield* metrics.happened("closed 1006")
        expect(broadcasts()).toEqual([{ expected: 3, received: 1 }])
        expect(metrics.snapshot(0).scenario).toMatchObject({ lost: 2, returned: 0 })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("does not expect to reach those that the client cuts, but counts the one that had its copy", () =>
    Effect.gen(function* () {
      const { layer, metrics, opened, hears, broadcasts } = yield* three("churn")
      yield* Effect.gen(function* () {
        const { order } = yield* RampSupervisor
        yield* opened
        yield* hears(0, 1)
        yield* TestClock.adjust("10 seconds")
        order({ _tag: "Cut" })
        yield* metrics.happened("closed 1006", 3)
        expect(broadcasts()).toEqual([{ expected: 1, received: 1 }])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("does not expect to reach one that the client has leave", () =>
    Effect.gen(function* () {
      const { layer, metrics, opened, hears, broadcasts } = yield* three("churn")
      yield* Effect.gen(function* () {
        const { order } = yield* RampSupervisor
        yield* opened
        yield* hears(0, 1)
        order({ _tag: "Churn", share: 100, overMs: 0 })
        yield* TestClock.adjust(1)
        yield* metrics.happened("closed 1000", 3)
        expect(broadcasts()).toEqual([{ expected: 1, received: 1 }])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("expects nothing of one that stops reading, before and after", () =>
    Effect.gen(function* () {
      const { server, layer, metrics, opened, broadcasts } = yield* three("slow-reader")
      yield* Effect.gen(function* () {
        const { order } = yield* RampSupervisor
        yield* opened
        order({ _tag: "StopReading", share: 1 })
        for (const socket of server.sockets.all) socket.send(STAMP)
        yield* metrics.happened("message", 2)
        expect(broadcasts()).toEqual([{ expected: 2, received: 2 }])
        expect(metrics.snapshot(0).latency).toMatchObject({ min: 0, max: 0 })
        order({ _tag: "ReadOn" })
        for (let turn = 0; turn < 1000 && metrics.scenario.snapshot().slowMessages === 0; turn++)
          yield* socketsTurn
        expect(metrics.snapshot(0).scenario).toMatchObject({ slow: 1, slowClosed: {}, slowMessages: 1 })
        expect(broadcasts()).toEqual([{ expected: 2, received: 2 }])
        for (const socket of server.sockets.all) socket.close(3008, "slow")
        yield* metrics.happened("closed 3008", 3)
        expect(metrics.snapshot(0).scenario).toMatchObject({ slow: 1, slowClosed: { 3008: 1 }, lost: 2 })
      }).pipe(Effect.provide(layer))
    })
  )
})
