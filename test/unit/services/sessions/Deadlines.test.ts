/** What sessions do at a time: pings, and ends of what did not come in time. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import {
  BackendDisconnect,
  BackendFailed,
  type RefreshAnswer
} from "../../../../src/services/backend/Backend.ts"
import { Deadlines } from "../../../../src/services/sessions/Deadlines.ts"
import type { Session } from "../../../../src/services/sessions/Session.ts"
import { SessionTimers } from "../../../../src/services/sessions/SessionTimers.ts"
import { configWith } from "../../../support/configurations.ts"
import type { FakeClient } from "../../../support/sessions/FakeClient.ts"
import { plainToken, plainTokens } from "../../../support/sessions/plainTokens.ts"
import { makeWorld, type SessionWorld, type WorldOptions } from "../../../support/sessions/SessionWorld.ts"

const inWorld = (
  options: WorldOptions,
  use: (world: SessionWorld) => Effect.Effect<void, unknown, Scope.Scope>
) => Effect.flatMap(makeWorld({ tokens: plainTokens, ...options }), use)

/** Who has no token that is good is nobody, and may nothing. */
const STRICT = {
  "client.insecure": false,
  "client.pongTimeout": 0,
  "channels.withoutNamespace.allowSubscribeForClient": true,
  "channels.withoutNamespace.allowPresenceForClient": true
}

const pass = (seconds: number) => TestClock.adjust(seconds * 1000)
const pings = (client: FakeClient) => client.lines.filter((line) => line === "{}").length
const YEAR = 365 * 24 * 3600

describe("a connection", () => {
  it.effect("that does not connect is stale", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const silent = world.open()
        const connected = world.connect()
        yield* pass(9.4)
        expect(silent.endedAs).toBeUndefined()
        yield* pass(1.2)
        expect(silent.ending).toBe("3502 stale")
        expect(connected.endedAs).toBeUndefined()
      })
    )
  )

  it.effect("whose connect command failed is closed after five seconds", () =>
    inWorld({ settings: STRICT }, (world) =>
      Effect.gen(function* () {
        const client = world.connect({ token: plainToken({ sub: "u", expireAt: -1 }) })
        expect(client.told[0].error.code).toBe(110)
        yield* pass(4)
        expect(client.endedAs).toBeUndefined()
        yield* pass(2)
        expect(client.endedAs).toBe(3502)
      })
    )
  )

  it.effect("is pinged at a moment of its own, and then every 25 seconds", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const clients = Array.from({ length: 200 }, () => world.connect())
        const firsts: Array<number> = []
        for (let second = 0; second < 26; second++) {
          const before = clients.map(pings)
          yield* pass(1)
          clients.forEach((client, i) => {
            if (pings(client) > before[i]!) firsts.push(second)
            if (pings(client) > before[i]!) client.say("{}")
          })
        }
        expect(firsts).toHaveLength(200)
        expect(Math.min(...firsts)).toBeGreaterThanOrEqual(12)
        expect(Math.max(...firsts)).toBeLessThanOrEqual(25)
        // They are spread.
        expect(new Set(firsts).size).toBeGreaterThan(8)
        yield* pass(25)
        expect(new Set(clients.map(pings))).toEqual(new Set([2]))
      })
    )
  )

  it.effect("that does not answer a ping is closed after eight seconds", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const client = world.connect()
        while (pings(client) === 0) yield* pass(0.5)
        yield* pass(7)
        client.say({ id: 2, presence: { channel: "a" } })
        expect(client.endedAs).toBeUndefined()
        yield* pass(2)
        expect(client.ending).toBe("3012 no pong")
        const other = world.connect()
        while (pings(other) === 0) yield* pass(0.5)
        yield* pass(7)
        other.say("{}")
        yield* pass(10)
        expect(other.endedAs).toBeUndefined()
      })
    )
  )

  it.effect("is not pinged where that is off", () =>
    inWorld({ settings: { "client.pingInterval": 0, "client.pongTimeout": 0 } }, (world) =>
      Effect.gen(function* () {
        const client = world.connect()
        yield* pass(1000)
        expect(client.lines).toHaveLength(1)
        client.say("{}")
        expect(client.endedAs).toBe(3501)
      })
    )
  )
})

describe("a connection that expires", () => {
  it.effect("is closed a while later, unless a new token comes", () =>
    inWorld({ settings: STRICT }, (world) =>
      Effect.gen(function* () {
        const token = plainToken({ sub: "u", expireAt: 60 })
        const [client, other] = [world.connect({ token }), world.connect({ token })]
        expect(client.told[0].connect).toMatchObject({ expires: true, ttl: 60 })
        yield* pass(80)
        other.say({ id: 2, refresh: { token: plainToken({ sub: "u", expireAt: 200 }) } })
        expect(other.told.at(-1).refresh).toMatchObject({ expires: true, ttl: 120 })
        yield* pass(6)
        expect(client.ending).toBe("3005 connection expired")
        other.say({ id: 3, refresh: { token: plainToken({ sub: "u" }) } })
        expect(other.told.at(-1).refresh.expires).toBeUndefined()
        yield* pass(1000)
        expect(other.endedAs).toBeUndefined()
      })
    )
  )

  it.effect("later than in a year is told that it has a year", () =>
    inWorld({ settings: STRICT }, (world) =>
      Effect.sync(() => {
        const client = world.connect({ token: plainToken({ sub: "u", expireAt: 2 * YEAR }) })
        expect(client.told[0].connect.ttl).toBe(YEAR)
      })
    )
  )

  it("in three days has its time", () => {
    const timers = new SessionTimers(10_000)
    let now = 0
    let isAsked = false
    const refresh = () => {
      isAsked = true
      return Effect.never
    }
    const env = { timers, now: () => now, backend: { refresh }, config: configWith(), forkLogged: () => {} }
    const deadlines = new Deadlines({ env, userFacts: () => ({}) } as unknown as Session)
    deadlines.expires(3 * 86_400)
    while (!isAsked) {
      now += timers.tickMs
      timers.tick()
    }
    expect(now).toBe(3 * 86_400_000)
  })

  it.effect("is prolonged by the backend, which is asked when the time has come", () => {
    const answers: Array<Effect.Effect<RefreshAnswer, BackendFailed | BackendDisconnect>> = [
      Effect.succeed({ isExpired: false, expireAt: 100, info: Buffer.from('{"n":2}') }),
      Effect.fail(new BackendFailed({ detail: "down" })),
      Effect.succeed({ isExpired: false, expireAt: 200 }),
      Effect.succeed({ isExpired: true })
    ]
    const asked: Array<string> = []
    const refresh = ({ user }: { readonly user: string }) =>
      Effect.suspend(() => {
        asked.push(user)
        return answers.shift()!
      })
    return inWorld({ hooks: { refresh }, settings: STRICT }, (world) =>
      Effect.gen(function* () {
        const client = world.connect({ token: plainToken({ sub: "u", expireAt: 50 }) })
        // It need not do anything itself, and must not.
        expect(client.told[0].connect.expires).toBeUndefined()
        client.say({ id: 2, subscribe: { channel: "a" } })
        yield* pass(49)
        expect(asked).toEqual([])
        yield* pass(2)
        expect(asked).toEqual(["u"])
        client.say({ id: 3, presence: { channel: "a" } })
        expect(Object.values(client.told.at(-1).presence.presence)).toMatchObject([{ conn_info: { n: 2 } }])
        yield* pass(50)
        expect(asked).toHaveLength(2)
        yield* pass(5)
        expect(asked).toHaveLength(3)
        yield* pass(90)
        expect(client.endedAs).toBeUndefined()
        yield* pass(6)
        expect(client.endedAs).toBe(3005)
        expect(asked).toHaveLength(4)
      })
    )
  })

  it.effect("may be ended by the backend with a code of its own, and not by its client's token", () => {
    const refresh = () => Effect.fail(new BackendDisconnect({ code: 4100, reason: "enough" }))
    return inWorld({ hooks: { refresh }, settings: STRICT }, (world) =>
      Effect.gen(function* () {
        const token = plainToken({ sub: "u", expireAt: 50 })
        const [client, eager] = [world.connect({ token }), world.connect({ token })]
        eager.say({ id: 2, refresh: { token } })
        expect(eager.endedAs).toBe(3501)
        yield* pass(51)
        expect(client.ending).toBe("4100 enough")
      })
    )
  })

  it.effect("expires by order of the application", () =>
    inWorld({ settings: STRICT }, (world) =>
      Effect.gen(function* () {
        const client = world.connect({ token: plainToken({ sub: "u" }) })
        world.sessions.apply({ _tag: "Refresh", user: "u", isExpired: false, expireAt: 30 })
        expect(client.told.at(-1)).toEqual({ push: { refresh: { expires: true, ttl: 30 } } })
        yield* pass(56)
        expect(client.endedAs).toBe(3005)
      })
    )
  )
})
