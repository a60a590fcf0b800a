/** Publications that were lost on their way to the shards: who follows a position is told, though nothing more is published. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { type Broker, BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import type { FakeClient } from "../../../support/sessions/FakeClient.ts"
import { makeWorld, type SessionWorld } from "../../../support/sessions/SessionWorld.ts"

/** A broker with positions of its own in the answers to "a", and that may be down. */
class Faulty {
  isDown = false
  epoch: string | undefined

  readonly over = (memory: Broker["Service"]): Broker["Service"] => ({
    ...memory,
    history: (...asked) =>
      Effect.suspend(() => {
        if (this.isDown) return Effect.fail(new BrokerUnavailable({ detail: "down" }))
        return Effect.map(memory.history(...asked), (history) => ({
          ...history,
          epoch: this.epoch ?? history.epoch
        }))
      })
  })
}

const logs = new CapturedLogs()
const inWorld = (use: (world: SessionWorld, faulty: Faulty) => Effect.Effect<void, unknown, Scope.Scope>) => {
  const faulty = new Faulty()
  const settings = {
    "client.pongTimeout": 0,
    "channels.namespaces": [{ name: "plain", historySize: 10, historyTtl: "1 minute" }]
  }
  return Effect.flatMap(makeWorld({ settings, broker: faulty.over }), (world) => use(world, faulty)).pipe(
    Effect.provide(logs.layer)
  )
}

/** One round of checks. */
const round = TestClock.adjust("40 seconds")

const subscribe = (world: SessionWorld, request: object = {}): FakeClient => {
  const client = world.connect()
  client.say({ id: 2, subscribe: { channel: "a", ...request } })
  world.home.send()
  return client
}

/** Publishes, and loses it on the way. */
const lose = (world: SessionWorld, channel = "a") =>
  Effect.andThen(
    world.publish(channel, "lost", { tags: { wanted: "no" } }),
    Effect.sync(() => {
      world.home.waiting.length = 0
    })
  )

const told = (client: FakeClient) => client.told.filter(({ push }) => push?.unsubscribe?.code === 2500).length

describe("a publication that was lost", () => {
  it.effect("is told in the second round after it, once", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        const clients = [
          subscribe(world),
          subscribe(world),
          // These are served one by one.
          subscribe(world, { tf: { key: "wanted", cmp: "eq", val: "yes" } }),
          subscribe(world, { delta: "fossil" })
        ]
        yield* lose(world)
        yield* round
        expect(clients.map(told)).toEqual([0, 0, 0, 0])
        yield* round
        expect(clients.map(told)).toEqual([1, 1, 1, 1])
        clients[0]!.say({ id: 3, subscribe: { channel: "a", recover: true, offset: 0, epoch: "" } })
        const again = clients[0]!.told.find(({ id }) => id === 3).subscribe
        expect(again).toMatchObject({ recovered: true, publications: [{ data: "lost" }] })
        yield* round
        yield* round
        yield* round
        expect(clients.map(told)).toEqual([1, 1, 1, 1])
        yield* world.publish("a", "live")
        world.home.send()
        expect(clients[0]!.told.at(-1).push.pub).toMatchObject({ data: "live", offset: 2 })
      })
    )
  )

  it.effect("ends the connection where the server made the subscription", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        const client = world.connect()
        world.sessions.apply({ _tag: "Subscribe", user: "", channel: "a" })
        yield* lose(world)
        yield* round
        yield* round
        expect(client.ending).toBe("3010 insufficient state")
      })
    )
  )

  it.effect("is not told to those who follow no position", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        const client = world.connect()
        client.say({ id: 2, subscribe: { channel: "plain:a" } })
        yield* lose(world, "plain:a")
        yield* round
        yield* round
        expect(told(client)).toBe(0)
        expect(client.endedAs).toBeUndefined()
      })
    )
  )

  it.effect("is not told while it is only late", () =>
    inWorld((world) =>
      Effect.gen(function* () {
        const client = subscribe(world)
        for (let n = 0; n < 4; n++) {
          yield* world.publish("a", n)
          yield* round
          world.home.send()
        }
        expect(told(client)).toBe(0)
        expect(client.told.filter(({ push }) => push?.pub !== undefined)).toHaveLength(4)
      })
    )
  )
})

describe("a stream that began anew", () => {
  it.effect("is told like a loss", () =>
    inWorld((world, faulty) =>
      Effect.gen(function* () {
        const client = subscribe(world)
        faulty.epoch = "other"
        yield* round
        yield* round
        expect(told(client)).toBe(1)
      })
    )
  )
})

describe("a broker that is down", () => {
  it.effect("is asked again in the next round", () =>
    inWorld((world, faulty) =>
      Effect.gen(function* () {
        const client = subscribe(world)
        yield* lose(world)
        faulty.isDown = true
        yield* round
        expect(logs.texts("Warn").join()).toContain("positions were not checked")
        faulty.isDown = false
        yield* round
        yield* round
        expect(told(client)).toBe(1)
      })
    )
  )
})
