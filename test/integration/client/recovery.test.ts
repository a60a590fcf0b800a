/**
 * Connections that speak the client protocol against a server of the same process: cut, told of nothing while this many publications are
 * made, and back. The ramp's time is the test's, so nobody is back before all are published; sockets and server are real.
 */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { WebSocket } from "ws"
import { RampSupervisor } from "../../../src/actors/RampSupervisor.ts"
import { serveCentrifuge, withNamespaces } from "../../support/centrifuge/centrifugeServer.ts"
import { ramps, type Settings, targetAt } from "../../support/client/ramps.ts"
import { good } from "../../support/client/servers.ts"

const CLIENTS = 30
const STAMP = 1_763_777_777_000

const SERVER = withNamespaces(
  { name: "plain" },
  { name: "kept", historySize: 100, historyTtl: "5 minutes", allowRecovery: true }
)

/** All of a channel's connections are open; publications have numbers, as the client's own have. */
const withConnections = Effect.fnUntraced(function* (channel: string, settings: Settings = {}) {
  const server = yield* Effect.promise(() => serveCentrifuge("uws", { ...SERVER }))
  const { metrics, layer, ended } = ramps(
    { ...targetAt(server.port), path: "/connection/websocket" },
    {
      ...{ "total.clients": CLIENTS, "protocol.type": "centrifuge", "protocol.channel": channel },
      ...{ "reconnect.enabled": true, "setup.timeout": "10 minutes", ...settings }
    }
  )
  let number = 0
  const publish = (count: number) =>
    Effect.promise(async () => {
      for (let i = 0; i < count; i++) {
        number++
        await server.publish(channel, { stamp: STAMP + number, seq: number })
      }
    })
  const heard = (count: number) => metrics.happened("message", count * CLIENTS)
  const scenario = () => metrics.snapshot(0).scenario
  return { server, metrics, ended, publish, heard, scenario, layer }
})

/** Hears three publications, is cut, misses `missed`, comes back, and hears one more. */
const dropped = (channel: string, missed: number, meanwhile: Effect.Effect<void> = Effect.void) =>
  Effect.gen(function* () {
    const all = yield* withConnections(channel)
    const { metrics, publish, heard } = all
    yield* Effect.gen(function* () {
      const { order } = yield* RampSupervisor
      yield* TestClock.adjust(0)
      yield* metrics.happened("open", CLIENTS)
      yield* publish(3)
      yield* heard(3)
      order({ _tag: "Cut" })
      yield* metrics.happened("closed 1006", CLIENTS)
      yield* publish(missed)
      yield* meanwhile
      yield* TestClock.adjust("1 minute")
      yield* metrics.happened("back", CLIENTS)
      yield* publish(1)
      yield* heard(4)
    }).pipe(Effect.provide(all.layer))
    return all
  })

describe("connections that were cut", () => {
  it.effect("have all that they missed where the channel keeps it, and hear on from there", () =>
    Effect.gen(function* () {
      for (const channel of ["recovery:x", "kept:x"]) {
        const { scenario, metrics } = yield* dropped(channel, 7)
        expect(scenario()).toMatchObject({
          ...{ lost: CLIENTS, returned: CLIENTS, recovered: CLIENTS, notRecovered: 0 },
          ...{ recoveredPublications: 7 * CLIENTS, missed: 0, unknown: 0, duplicates: 0 }
        })
        const { broadcasts } = metrics.snapshot(0).broadcasts
        expect(broadcasts.map(({ expected, received }) => [expected, received])).toEqual(
          Array.from({ length: 4 }, () => [CLIENTS, CLIENTS])
        )
      }
    })
  )

  it.effect("missed exactly what was published meanwhile where the channel keeps less", () =>
    Effect.gen(function* () {
      const { scenario } = yield* dropped("smallhistory:x", 7)
      expect(scenario()).toMatchObject({
        ...{ lost: CLIENTS, returned: CLIENTS, recovered: 0, notRecovered: CLIENTS },
        ...{ recoveredPublications: 0, missed: 7 * CLIENTS, unknown: 0, duplicates: 0 }
      })
    })
  )

  it.effect("missed nothing where nothing was published, and know it where the channel has a position", () =>
    Effect.gen(function* () {
      const { scenario } = yield* dropped("smallhistory:x", 0)
      expect(scenario()).toMatchObject({ recovered: CLIENTS, missed: 0, unknown: 0 })
    })
  )

  it.effect("missed exactly what was published meanwhile where the channel keeps nothing", () =>
    Effect.gen(function* () {
      const { scenario } = yield* dropped("plain:x", 7)
      expect(scenario()).toMatchObject({
        ...{ lost: CLIENTS, returned: CLIENTS, recovered: 0, notRecovered: CLIENTS },
        ...{ missed: 7 * CLIENTS, unknown: 0, duplicates: 0 }
      })
    })
  )
})

/** Subscribes, and never answers a ping; resolves when the server has closed it for that. */
const silent = (port: number): Promise<void> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`)
    socket.on("open", () => socket.send('{"id":1,"connect":{}}'))
    socket.on("close", (code) => {
      expect(code).toBe(3012)
      resolve()
    })
  })

const answersPing = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.on("message", (data) => {
      if (String(data) === "{}") resolve()
    })
    socket.send("{}")
  })

describe("a connection that speaks the client protocol", () => {
  it.effect("is open when it has subscribed, and answers the pings of the server", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(() =>
        serveCentrifuge("ws", { ...SERVER, "client.pingInterval": "200 ms", "client.pongTimeout": "100 ms" })
      )
      const { metrics, layer } = ramps(
        { ...targetAt(server.port), path: "/connection/websocket" },
        { "total.clients": 5, "protocol.type": "centrifuge", "protocol.channel": "plain:x" }
      )
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* metrics.happened("open", 5)
        // Two that came later and answered none of their pings are gone by now.
        for (let i = 0; i < 2; i++) yield* Effect.promise(() => silent(server.port))
        expect(metrics.connectionCounts).toMatchObject({ active: 5, closed: 0, errors: {} })
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect(
    "that may not subscribe is an error of its own, told with the server's words, and stays away",
    () =>
      Effect.gen(function* () {
        const { metrics, layer, ended } = yield* withConnections("nowhere:x")
        yield* Effect.gen(function* () {
          yield* TestClock.adjust(0)
          yield* metrics.happened("failed notSubscribed", CLIENTS)
          yield* TestClock.adjust("1 hour")
          expect(metrics.connectionCounts).toMatchObject({
            ...{ attempted: CLIENTS, active: 0, opened: 0, waiting: 0, closed: 0 },
            errors: { notSubscribed: CLIENTS }
          })
          expect(ended.take()).toEqual([["subscribe answered with 102 unknown channel", CLIENTS]])
        }).pipe(Effect.provide(layer))
      })
  )

  it.effect("whose server says nothing is given up after setup.timeout", () =>
    Effect.gen(function* () {
      const server = yield* Effect.promise(good)
      const { metrics, layer, ended } = ramps(targetAt(server.port), {
        ...{ "total.clients": 3, "protocol.type": "centrifuge", "protocol.channel": "x" },
        "setup.timeout": "5 seconds"
      })
      yield* Effect.gen(function* () {
        yield* TestClock.adjust(0)
        yield* Effect.promise(async () => {
          await server.sockets.count(3)
          // Once a ping was answered, the WebSocket is open at the other end, too.
          await Promise.all(server.sockets.all.map(answersPing))
        })
        yield* TestClock.adjust("4 seconds")
        expect(metrics.connectionCounts.errors).toEqual({})
        yield* TestClock.adjust("2 seconds")
        yield* metrics.happened("failed notSubscribed", 3)
        expect(ended.take()).toEqual([["no subscription within 5000 ms", 3]])
      }).pipe(Effect.provide(layer))
    })
  )
})
