/** All feeds of a server together, in virtual time: who is asked when, and by which channel it is told. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { type DashboardTopic, dashboardChannels } from "../../../../src/protocol/dashboard.ts"
import { ActorTree } from "../../../../src/services/ActorTree.ts"
import { Broker } from "../../../../src/services/broker/Broker.ts"
import { Channels, makeChannels } from "../../../../src/services/channels/Channels.ts"
import * as Feeds from "../../../../src/services/dashboard/feeds.ts"
import { OVERVIEWS_KEPT, Overviews } from "../../../../src/services/dashboard/Overviews.ts"
import { ServerLife } from "../../../../src/services/dashboard/ServerLife.ts"
import { Hub, type HubMember } from "../../../../src/services/Hub.ts"
import { LargestChannels } from "../../../../src/services/LargestChannels.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"
import { Receipts } from "../../../../src/services/receipts/Receipts.ts"
import { SlowConsumers } from "../../../../src/services/SlowConsumers.ts"
import { ScheduleStore } from "../../../../src/services/schedules/ScheduleStore.ts"
import { makeStoredSchedules } from "../../../../src/services/schedules/storedSchedules.ts"
import type { Store } from "../../../../src/services/store/Store.ts"
import { configOf } from "../../../support/server/serve.ts"

const unused = () => Effect.die(new Error("not used"))

/** What was asked, and what was published, since the last look. */
class World {
  #asked: Array<string> = []
  #published: Array<{ readonly channel: string; readonly state: unknown }> = []
  receiptsVersion = 0

  readonly #note = (who: string) => Effect.sync(() => void this.#asked.push(who))

  get asked(): ReadonlyArray<string> {
    return this.#asked.splice(0)
  }

  get published() {
    return this.#published.splice(0)
  }

  get layer() {
    const broker = Broker.of({
      publish: (channel, data, options) =>
        Effect.sync(() => {
          expect(options).toMatchObject({ stream: { size: 1 }, isDelta: true })
          this.#published.push({ channel, state: JSON.parse(Buffer.from(data).toString()) })
          return { offset: 1, epoch: "e", isSuppressed: false }
        }),
      announce: unused,
      subscribe: unused,
      unsubscribe: unused,
      history: unused,
      removeHistory: unused
    } as Broker["Service"])
    const receipts = {
      version: () => this.receiptsVersion,
      list: () => Effect.as(this.#note("receipts"), { items: [] })
    } as unknown as Receipts["Service"]
    const store = {
      count: () => Effect.as(this.#note("schedules"), 0),
      range: () => Effect.succeed([])
    } as unknown as Store["Service"]
    const register = Effect.gen({ self: this }, function* () {
      const metrics = yield* Metrics
      yield* metrics.register(Effect.as(this.#note("metrics"), []))
      yield* metrics.registerDetails(Effect.as(this.#note("details"), []))
      yield* metrics.registerOthers(() => this.#note("workers"))
      yield* (yield* ActorTree).register("primary", () => {
        this.#asked.push("actors")
        return { state: "serving" }
      })
    })
    return Feeds.layer.pipe(
      Layer.provideMerge(Overviews.layer),
      Layer.provideMerge(Layer.effectDiscard(register)),
      Layer.provideMerge(
        Layer.mergeAll(
          Hub.layer,
          Metrics.layer,
          ActorTree.layer,
          ServerLife.layer,
          SlowConsumers.layer("server"),
          Layer.succeed(Broker, broker),
          Layer.succeed(Receipts, receipts),
          Layer.succeed(ScheduleStore, makeStoredSchedules(store)),
          Layer.succeed(Channels, makeChannels(configOf({}))),
          Layer.succeed(LargestChannels, {
            find: () => Effect.as(this.#note("channels"), [["news", 2]]),
            sizes: () => Effect.succeed([])
          })
        )
      )
    )
  }
}

type Env = Hub | Overviews | Scope.Scope

const test = (name: string, body: (world: World) => Effect.Effect<void, unknown, Env>) =>
  it.effect(name, () => {
    const world = new World()
    return Effect.provide(body(world), world.layer)
  })

const listener: HubMember = { size: 0, offer: () => true }
const listen = (topic: DashboardTopic) =>
  Effect.map(Hub, ({ listen }) => listen(dashboardChannels[topic], listener))
const ignore = (topic: DashboardTopic) =>
  Effect.map(Hub, ({ ignore }) => ignore(dashboardChannels[topic], listener))

const topics = Object.keys(dashboardChannels) as ReadonlyArray<DashboardTopic>

describe("the feeds of the dashboard", () => {
  test("ask nobody while nobody listens, before the first and after the last", (world) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      expect(world.asked).toEqual([])
      for (const topic of topics) yield* listen(topic)
      yield* TestClock.adjust("10 seconds")
      expect(new Set(world.asked)).toEqual(
        new Set(["workers", "metrics", "actors", "channels", "schedules", "receipts"])
      )
      for (const topic of topics) yield* ignore(topic)
      yield* TestClock.adjust("10 seconds")
      expect([world.asked.length, world.published.length]).toEqual([0, 26])
      yield* TestClock.adjust("1 hour")
      expect([world.asked, world.published]).toEqual([[], []])
    }))

  test("each ask for what their own listeners want", (world) =>
    Effect.gen(function* () {
      const wants: ReadonlyArray<readonly [DashboardTopic, ReadonlyArray<string>]> = [
        ["overview", ["workers", "metrics"]],
        ["actors", ["workers", "actors"]],
        ["channels", ["channels"]],
        ["schedules", ["schedules"]],
        ["receipts", ["receipts"]],
        ["slow", ["workers"]]
      ]
      for (const [topic, wanted] of wants) {
        yield* listen(topic)
        yield* TestClock.adjust(0)
        expect([topic, [...new Set(world.asked)]]).toEqual([topic, wanted])
        expect(world.published.map(({ channel }) => channel)).toEqual([dashboardChannels[topic]])
        yield* ignore(topic)
      }
    }))

  test("tell at their own times: the overview every second, actors and channels every two", (world) =>
    Effect.gen(function* () {
      for (const topic of ["overview", "actors", "channels"] as const) yield* listen(topic)
      yield* TestClock.adjust("9500 millis")
      const count = (topic: DashboardTopic) =>
        published.filter(({ channel }) => channel === dashboardChannels[topic]).length
      const { published } = world
      expect([count("overview"), count("actors"), count("channels")]).toEqual([10, 5, 5])
    }))

  test("tell receipts again within a second of a change, and not without one", (world) =>
    Effect.gen(function* () {
      yield* listen("receipts")
      yield* TestClock.adjust("20 seconds")
      expect(world.published).toHaveLength(1)
      world.receiptsVersion++
      yield* TestClock.adjust("1 second")
      expect(world.published).toHaveLength(1)
    }))

  test("keep the overviews of ten minutes in which somebody looked", (world) =>
    Effect.gen(function* () {
      const { kept } = yield* Overviews
      expect(kept()).toBe("[]")
      yield* listen("overview")
      yield* TestClock.adjust("5 minutes")
      yield* ignore("overview")
      yield* TestClock.adjust("1 hour")
      yield* listen("overview")
      yield* TestClock.adjust("7 minutes")
      const all = JSON.parse(kept()) as ReadonlyArray<{ readonly at: number }>
      const { published } = world
      expect(all).toEqual(published.slice(-OVERVIEWS_KEPT).map(({ state }) => state))
      expect([published.length > OVERVIEWS_KEPT, all.length]).toEqual([true, OVERVIEWS_KEPT])
    }))
})
