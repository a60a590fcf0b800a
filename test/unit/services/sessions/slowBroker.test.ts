/** Sessions whose broker takes its time: what happens meanwhile is neither lost nor early, and who leaves leaves nothing behind. */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect, it } from "vitest"
import type { FakeClient } from "../../../support/sessions/FakeClient.ts"
import { makeWorld, type SessionWorld, type WorldOptions } from "../../../support/sessions/SessionWorld.ts"
import { SlowBroker } from "../../../support/sessions/SlowBroker.ts"

const inWorld = (
  broker: SlowBroker,
  use: (world: SessionWorld, broker: SlowBroker) => Effect.Effect<void, unknown>,
  options: WorldOptions = {}
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(makeWorld({ broker: broker.over, ...options }), (world) => use(world, broker))
    ).pipe(Effect.provide(TestClock.layer()))
  )

/** "reply 2", "join", "pub 3": what a client was told. */
const outline = ({ told }: FakeClient): ReadonlyArray<string> =>
  told.map(({ id, push, error }) => {
    if (error !== undefined) return `error ${error.code}`
    if (push === undefined) return id === undefined ? "ping" : `reply ${id}`
    if (push.pub !== undefined) return `pub ${push.pub.data}`
    return push.unsubscribe === undefined ? Object.keys(push)[1]! : `unsubscribe ${push.unsubscribe.code}`
  })

const isEmpty = (world: SessionWorld) =>
  Effect.gen(function* () {
    world.home.send()
    expect(world.home.rooms.size).toBe(0)
    expect(yield* world.presence.get("a")).toEqual(new Map())
    expect(world.sessions.channelCounts()).toEqual(new Map())
  })

const subscribe = { id: 2, subscribe: { channel: "a" } }

describe("what is published while a subscription is made", () => {
  it("comes after the reply, and what the reply covers does not come", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        yield* world.publish("a", 1)
        const client = world.connect()
        client.say(subscribe)
        // The history was read before this one, and is answered later.
        yield* world.publish("a", 2)
        world.home.send()
        yield* world.publish("a", 3)
        expect(outline(client)).toEqual(["reply 1"])
        yield* broker.answer
        world.home.send()
        yield* world.publish("a", 4)
        world.home.send()
        expect(client.told[1].subscribe.offset).toBe(1)
        expect(outline(client)).toEqual(["reply 1", "reply 2", "join", "pub 2", "pub 3", "pub 4"])
      })
    ))

  it("comes after the reply to connect, for all subscriptions of the server", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const client = world.connect({ subs: { a: {}, b: {}, c: {} } })
        yield* broker.answer
        yield* world.publish("a", "a")
        world.home.send()
        yield* broker.answer
        yield* world.publish("b", "b")
        world.home.send()
        expect(outline(client)).toEqual([])
        yield* broker.answer
        yield* world.publish("c", "c")
        world.home.send()
        expect(outline(client)).toEqual(["reply 1", "join", "pub a", "join", "pub b", "join", "pub c"])
      })
    ))

  it("is recovered or held, whichever it is, once", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const { epoch } = yield* world.publish("a", 1)
        yield* world.publish("a", 2)
        world.home.send()
        const client = world.connect()
        yield* world.publish("a", 3)
        client.say({ id: 2, subscribe: { channel: "a", recover: true, offset: 1, epoch } })
        yield* world.publish("a", 4)
        world.home.send()
        yield* broker.answer
        world.home.send()
        const { publications, recovered } = client.told[1].subscribe
        expect(recovered).toBe(true)
        expect(publications.map(({ data }: { data: number }) => data)).toEqual([2, 3])
        expect(outline(client).slice(2)).toEqual(["join", "pub 4"])
      })
    ))

  it("more than may be held is told after the reply", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const client = world.connect()
        client.say(subscribe)
        for (let n = 0; n <= 4096; n++) {
          yield* world.publish("a", n)
          if (n % 512 === 0) world.home.send()
        }
        world.home.send()
        yield* broker.answer
        expect(outline(client)).toEqual(["reply 1", "reply 2", "join", "unsubscribe 2500"])
        expect(client.endedAs).toBeUndefined()
      })
    ))

  it("one's own join comes before it, however long the broker takes to tell of it", () =>
    inWorld(new SlowBroker(["announce"]), (world, broker) =>
      Effect.gen(function* () {
        const client = world.connect()
        client.say(subscribe)
        // The announcement is on its way; this overtakes it.
        const joins = world.home.waiting.splice(0)
        yield* world.publish("a", 1)
        world.home.send()
        world.home.waiting.push(...joins)
        world.home.send()
        yield* broker.answer
        yield* world.publish("a", 2)
        world.home.send()
        expect(outline(client)).toEqual(["reply 1", "reply 2", "join", "pub 1", "pub 2"])
      })
    ))
})

describe("commands behind one that waits", () => {
  it("wait for it, and pongs do not", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const client = world.connect()
        client.say(subscribe, { id: 3, presence_stats: { channel: "a" } })
        client.say({ id: 4, unsubscribe: { channel: "a" } })
        expect(outline(client)).toEqual(["reply 1"])
        client.say("{}")
        expect(client.ending).toBe("3501 bad request")
        yield* broker.answer
        yield* isEmpty(world)
        expect(outline(client)).toEqual(["reply 1"])
      })
    ))

  it("are done in order with what the application asks for", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const client = world.connect()
        client.say(subscribe)
        world.sessions.apply({ _tag: "Unsubscribe", user: "", channel: "a" })
        client.say({ id: 3, rpc: {} })
        yield* broker.answer
        expect(outline(client)).toEqual(["reply 1", "reply 2", "join", "unsubscribe 2000", "error 108"])
        yield* isEmpty(world)
      })
    ))
})

describe("a client that leaves while a subscription is made", () => {
  it.each([
    ["the broker's word", new SlowBroker(["subscribe"])],
    ["the history", new SlowBroker(["history"])]
  ])("leaves nothing behind: %s", (_, slow) =>
    inWorld(slow, (world, broker) =>
      Effect.gen(function* () {
        const [gone, closed, failed] = [world.connect(), world.connect(), world.connect()]
        for (const client of [gone, closed, failed]) client.say(subscribe)
        gone.leave()
        world.sessions.apply({
          _tag: "Disconnect",
          user: "",
          code: 4000,
          reason: "",
          whitelist: [failed.told[0].connect.client]
        })
        yield* broker.fail
        while (broker.waiting.length > 0) yield* broker.fail
        expect(outline(failed)).toEqual(["reply 1", "error 100"])
        yield* isEmpty(world)
        failed.say({ ...subscribe, id: 3 })
        while (broker.waiting.length > 0) yield* broker.answer
        expect(outline(failed).slice(0, 4)).toEqual(["reply 1", "error 100", "reply 3", "join"])
        failed.leave()
        yield* isEmpty(world)
      })
    )
  )

  it("while it connects, too", () =>
    inWorld(new SlowBroker(), (world, broker) =>
      Effect.gen(function* () {
        const [gone, failed] = [0, 1].map(() => world.connect({ subs: { a: {}, b: {} } })) as [
          FakeClient,
          FakeClient
        ]
        yield* broker.answer
        gone.leave()
        yield* broker.fail
        while (broker.waiting.length > 0) yield* broker.fail
        expect(outline(failed)).toEqual(["error 100"])
        yield* isEmpty(world)
        expect(world.sessions.info()).toMatchObject({ numClients: 0, numSubs: 0 })
      })
    ))
})
