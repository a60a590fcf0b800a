/** Subscriptions that are good until a time. */
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { BackendFailed, type RefreshAnswer } from "../../../../src/services/backend/Backend.ts"
import type { FakeClient } from "../../../support/sessions/FakeClient.ts"
import { plainToken, plainTokens } from "../../../support/sessions/plainTokens.ts"
import { makeWorld, type SessionWorld, type WorldOptions } from "../../../support/sessions/SessionWorld.ts"

const QUIET = {
  "client.insecure": false,
  "client.pongTimeout": 0,
  "channels.withoutNamespace.allowPresenceForSubscriber": true
}

const inWorld = (
  options: WorldOptions,
  use: (world: SessionWorld) => Effect.Effect<void, unknown, Scope.Scope>
) => Effect.flatMap(makeWorld({ tokens: plainTokens, settings: QUIET, ...options }), use)

const pass = (seconds: number) => TestClock.adjust(seconds * 1000)
const ticket = (expireAt?: number) =>
  plainToken({ sub: "u", channel: "a", ...(expireAt === undefined ? {} : { expireAt }) })

/** A client with a subscription that is good until then. */
const subscribe = (world: SessionWorld, expireAt?: number): FakeClient => {
  const client = world.connect({ token: plainToken({ sub: "u" }) })
  client.say({ id: 2, subscribe: { channel: "a", token: ticket(expireAt) } })
  return client
}

const unsubscribes = (client: FakeClient) =>
  client.told.flatMap(({ push }) => (push?.unsubscribe === undefined ? [] : [push.unsubscribe]))
const EXPIRED = { code: 2501, reason: "subscription expired" }

describe("a subscription that expires", () => {
  it.effect("ends a while later, and the connection stays", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const client = subscribe(world, 60)
        expect(client.told[1].subscribe).toMatchObject({ expires: true, ttl: 60 })
        yield* pass(84)
        expect(unsubscribes(client)).toEqual([])
        // It is looked at every 27 seconds, for the first time after 13 at least.
        yield* pass(28)
        expect(unsubscribes(client)).toEqual([EXPIRED])
        expect(client.endedAs).toBeUndefined()
        yield* world.publish("a", 1)
        world.home.send()
        expect(client.told.some(({ push }) => push?.pub !== undefined)).toBe(false)
      })
    )
  )

  it.effect("goes on with a new token, for as long as that is good", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const client = subscribe(world, 60)
        yield* pass(70)
        client.say({ id: 3, sub_refresh: { channel: "a", token: ticket(200) } })
        expect(client.told.at(-1)).toEqual({ id: 3, sub_refresh: { expires: true, ttl: 130 } })
        yield* pass(100)
        expect(unsubscribes(client)).toEqual([])
        yield* pass(85)
        expect(unsubscribes(client)).toEqual([EXPIRED])
      })
    )
  )

  it.effect("may begin to expire with a new token, or to be good for ever", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const [begins, stops] = [subscribe(world), subscribe(world, 60)]
        expect(begins.told[1].subscribe.expires).toBeUndefined()
        begins.say({ id: 3, sub_refresh: { channel: "a", token: ticket(60) } })
        stops.say({ id: 3, sub_refresh: { channel: "a", token: ticket() } })
        expect(stops.told.at(-1)).toEqual({ id: 3, sub_refresh: {} })
        yield* pass(120)
        expect(unsubscribes(begins)).toEqual([EXPIRED])
        expect(unsubscribes(stops)).toEqual([])
      })
    )
  )

  it.effect("and ends while a new token is looked at, is not there again afterwards", () => {
    const looked = Deferred.makeUnsafe<void>()
    const subscription = (token: string) =>
      Effect.flatMap(plainTokens.subscription(token), (claims) =>
        claims.expireAt === 60
          ? Effect.succeed(claims)
          : Effect.as(Deferred.await(looked), { ...claims, info: Buffer.from('"new"') })
      )
    return inWorld({ tokens: { ...plainTokens, subscription } }, (world) =>
      Effect.gen(function* () {
        const client = subscribe(world, 60)
        client.say({ id: 3, sub_refresh: { channel: "a", token: ticket(500) } })
        expect((yield* world.presence.get("a")).size).toBe(1)
        yield* pass(112)
        expect(unsubscribes(client)).toEqual([EXPIRED])
        yield* Deferred.succeed(looked, undefined)
        yield* pass(1)
        expect(client.told.filter(({ id }) => id === 3)).toMatchObject([{ error: { code: 103 } }])
        expect(yield* world.presence.get("a")).toEqual(new Map())
        expect(client.endedAs).toBeUndefined()
      })
    )
  })

  it.effect("made by the server ends the connection", () =>
    inWorld({}, (world) =>
      Effect.gen(function* () {
        const client = world.connect({ token: plainToken({ sub: "u" }) })
        world.sessions.apply({ _tag: "Subscribe", user: "u", channel: "b", expireAt: 30 })
        yield* pass(54)
        expect(client.endedAs).toBeUndefined()
        yield* pass(28)
        expect(client.ending).toBe("3006 subscription expired")
      })
    )
  )

  it.effect("is prolonged by the backend, which is asked until it answers", () => {
    const answers: Array<Effect.Effect<RefreshAnswer, BackendFailed>> = [
      Effect.fail(new BackendFailed({ detail: "down" })),
      Effect.succeed({ isExpired: false, expireAt: 120, info: Buffer.from('"new"') }),
      Effect.succeed({ isExpired: true })
    ]
    const asked: Array<string> = []
    const subRefresh = ({ channel }: { readonly channel: string }) =>
      Effect.suspend(() => {
        asked.push(channel)
        return answers.shift()!
      })
    return inWorld({ hooks: { subRefresh } }, (world) =>
      Effect.gen(function* () {
        const client = subscribe(world, 5)
        // It need not do anything itself, and must not.
        expect(client.told[1].subscribe.expires).toBeUndefined()
        yield* pass(28)
        expect(asked).toEqual(["a"])
        yield* pass(27)
        expect(asked).toEqual(["a", "a"])
        client.say({ id: 3, presence: { channel: "a" } })
        expect(Object.values(client.told.at(-1).presence.presence)).toMatchObject([{ chan_info: "new" }])
        yield* pass(60)
        expect(asked).toHaveLength(2)
        yield* pass(35)
        expect(asked).toHaveLength(3)
        expect(unsubscribes(client)).toEqual([EXPIRED])
        const eager = subscribe(world, 10_000)
        eager.say({ id: 3, sub_refresh: { channel: "a", token: ticket(10) } })
        expect(eager.ending).toBe("3501 bad request")
      })
    )
  })
})

describe("sub_refresh", () => {
  it.effect("is refused as the token deserves", () =>
    inWorld({}, (world) =>
      Effect.sync(() => {
        const refused = (command: object): unknown => {
          const client = subscribe(world, 60)
          client.say({ id: 3, sub_refresh: command })
          return client.ending === "" ? client.told.at(-1).error.code : client.ending
        }
        expect(refused({ channel: "other", token: ticket(100) })).toBe(103)
        expect(refused({ channel: "a" })).toBe(107)
        expect(refused({ channel: "a", token: "" })).toBe(107)
        expect(refused({ channel: "a", token: "not JSON" })).toBe("3500 invalid token")
        expect(refused({ channel: "a", token: plainToken({ sub: "v", channel: "a" }) })).toBe(
          "3500 invalid token"
        )
        expect(refused({ channel: "a", token: plainToken({ sub: "u", channel: "b" }) })).toBe(
          "3500 invalid token"
        )
      })
    )
  )
})
