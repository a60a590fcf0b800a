import { describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { Feed, type FeedSource, REFRESH_MS } from "../../../../src/services/dashboard/Feed.ts"
import { Pace } from "../../../../src/services/Pace.ts"

const test = (name: string, body: () => Effect.Effect<void, unknown, Scope.Scope>) => it.effect(name, body)

interface Given extends Omit<Partial<FeedSource>, "read"> {
  /** What has to be waited for. */
  readonly read?: Effect.Effect<string, Error>
  /** What the text takes of the process's time. */
  readonly workMs?: number
}

/** Work that is done, in ms. */
class Worked {
  ms = 0
}

/** A feed that runs, what it asked, read and published, and at which times it read. */
const run = Effect.fnUntraced(function* (
  { read, workMs = 0, ...source }: Given = {},
  pace?: { readonly pace: Pace; readonly worked: Worked },
  others = 0
) {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const now = () => clock.currentTimeMillisUnsafe()
  const heard: Array<string> = []
  const readAt: Array<number> = []
  let asked = 0
  const worked = pace?.worked ?? new Worked()
  const feed = new Feed(
    {
      channel: "clarion:test",
      everyMs: 1000,
      ask: Effect.sync(() => void asked++),
      ...source,
      read: Effect.map(read ?? Effect.succeed(undefined), (text) => () => {
        readAt.push(now())
        worked.ms += workMs
        return text ?? `state ${readAt.length}`
      })
    },
    (_, state) => Effect.sync(() => void heard.push(state)),
    pace?.pace ?? new Pace(now, () => worked.ms),
    () => others
  )
  yield* Effect.forkScoped(feed.run, { startImmediately: true })
  return { feed, heard, readAt, asked: () => asked }
})

describe("a feed", () => {
  test("neither asks nor reads while nobody listens", () =>
    Effect.gen(function* () {
      const { heard, readAt, asked } = yield* run()
      yield* TestClock.adjust("1 hour")
      expect([heard, readAt, asked()]).toEqual([[], [], 0])
    }))

  test("publishes at once when somebody comes, and then at its interval", () =>
    Effect.gen(function* () {
      const { feed, heard, readAt } = yield* run()
      yield* TestClock.adjust("90 seconds")
      feed.wanted(true)
      yield* TestClock.adjust(0)
      expect(heard).toEqual(["state 1"])
      yield* TestClock.adjust("2500 millis")
      expect(heard).toEqual(["state 1", "state 2", "state 3"])
      expect(readAt).toEqual([90_000, 91_000, 92_000])
    }))

  test("asks other nodes more seldom where there are very many", () =>
    Effect.gen(function* () {
      const few = yield* run({ answersOfNodes: 2 }, undefined, 100)
      const many = yield* run({ answersOfNodes: 2 }, undefined, 2569)
      const own = yield* run({}, undefined, 2569)
      for (const { feed } of [few, many, own]) feed.wanted(true)
      yield* TestClock.adjust("1 minute")
      expect([few, many, own].map(({ readAt }) => readAt.length)).toEqual([61, 3, 61])
      expect(many.readAt).toEqual([0, 25_690, 51_380])
    }))

  test("ends when the last listener has left, and begins again with the next", () =>
    Effect.gen(function* () {
      const { feed, readAt, asked } = yield* run()
      feed.wanted(true)
      yield* TestClock.adjust("1500 millis")
      feed.wanted(false)
      yield* TestClock.adjust("1 hour")
      expect([readAt, asked()]).toEqual([[0, 1000], 2])
      feed.wanted(true)
      yield* TestClock.adjust(0)
      expect(readAt).toHaveLength(3)
    }))

  test("comes back in its time to who left for a moment", () =>
    Effect.gen(function* () {
      const { feed, readAt } = yield* run()
      feed.wanted(true)
      yield* TestClock.adjust("100 millis")
      feed.wanted(false)
      feed.wanted(true)
      yield* TestClock.adjust("2 seconds")
      expect(readAt).toEqual([0, 1000, 2000])
    }))

  test("does not read for nobody what it had to ask for", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<void>()
      const { feed, readAt, heard } = yield* run({ ask: Deferred.await(answer) })
      feed.wanted(true)
      yield* TestClock.adjust("1 second")
      feed.wanted(false)
      yield* Deferred.succeed(answer, undefined)
      yield* TestClock.adjust("1 minute")
      expect([readAt, heard]).toEqual([[], []])
    }))

  test("takes the next one in its time, however long others take to answer", () =>
    Effect.gen(function* () {
      const { feed, readAt } = yield* run({ ask: Effect.sleep("300 millis") })
      feed.wanted(true)
      yield* TestClock.adjust("2500 millis")
      expect(readAt).toEqual([300, 1300, 2300])
    }))

  test("goes on after a state that could not be read, or was not taken", () =>
    Effect.gen(function* () {
      let fails = true
      const read = Effect.suspend(() => (fails ? Effect.fail(new Error("not now")) : Effect.succeed("well")))
      const { feed, heard } = yield* run({ read })
      feed.wanted(true)
      yield* TestClock.adjust("1500 millis")
      fails = false
      yield* TestClock.adjust("1 second")
      expect(heard).toEqual(["well"])
    }))
})

describe("a feed of what changes seldom", () => {
  test("reads once for the first listener, and then after each change", () =>
    Effect.gen(function* () {
      let version = 7
      const { feed, heard } = yield* run({ version: () => version })
      feed.wanted(true)
      yield* TestClock.adjust("20 seconds")
      expect(heard).toEqual(["state 1"])
      version++
      yield* TestClock.adjust("1 second")
      expect(heard).toEqual(["state 1", "state 2"])
      yield* TestClock.adjust("28 seconds")
      expect(heard).toHaveLength(2)
    }))

  test("publishes again what has not changed, before it is gone for those who come later", () =>
    Effect.gen(function* () {
      expect(REFRESH_MS).toBe(30_000)
      const { feed, readAt } = yield* run({ version: () => 7 })
      feed.wanted(true)
      yield* TestClock.adjust("1 minute")
      expect(readAt).toEqual([0, REFRESH_MS, 2 * REFRESH_MS])
    }))

  test("reads again for new listeners, as what is kept may be gone", () =>
    Effect.gen(function* () {
      const { feed, heard } = yield* run({ version: () => 7 })
      feed.wanted(true)
      yield* TestClock.adjust("10 seconds")
      feed.wanted(false)
      yield* TestClock.adjust("10 seconds")
      feed.wanted(true)
      yield* TestClock.adjust("10 seconds")
      expect(heard).toEqual(["state 1", "state 2"])
    }))

  test("tries again what failed, though nothing has changed since", () =>
    Effect.gen(function* () {
      let fails = true
      const read = Effect.suspend(() => (fails ? Effect.fail(new Error("not now")) : Effect.succeed("well")))
      const { feed, heard } = yield* run({ version: () => 7, read })
      feed.wanted(true)
      yield* TestClock.adjust("1500 millis")
      fails = false
      yield* TestClock.adjust("5 seconds")
      expect(heard).toEqual(["well"])
    }))
})

describe("the pace of feeds", () => {
  test("leaves 99 % of the time to others, however much there is to write", () =>
    Effect.gen(function* () {
      const { feed, readAt } = yield* run({ workMs: 50 })
      feed.wanted(true)
      yield* TestClock.adjust("98 seconds")
      expect(readAt).toHaveLength(20)
      expect(readAt.slice(0, 3)).toEqual([0, 4950, 9900])
    }))

  test("is one for all of them, and each has its turn", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const worked = new Worked()
      const pace = new Pace(
        () => clock.currentTimeMillisUnsafe(),
        () => worked.ms
      )
      const one = run({ workMs: 30 }, { pace, worked })
      const feeds = [yield* one, yield* one, yield* one]
      for (const { feed } of feeds) feed.wanted(true)
      yield* TestClock.adjust("89 seconds")
      expect(feeds.map(({ readAt }) => readAt.length)).toEqual([10, 10, 10])
    }))

  test("does not count the time that is waited for others", () =>
    Effect.gen(function* () {
      const waiting = Effect.as(Effect.sleep("400 millis"), "read")
      const { feed, readAt } = yield* run({ ask: Effect.sleep("200 millis"), read: waiting, workMs: 1 })
      feed.wanted(true)
      yield* TestClock.adjust("10 seconds")
      expect(readAt).toHaveLength(10)
    }))

  test("is not held up by a feed that waits in vain, which says so and tries again", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.clockWith(Effect.succeed)
      const worked = new Worked()
      const pace = new Pace(
        () => clock.currentTimeMillisUnsafe(),
        () => worked.ms
      )
      let isStuck = true
      const stuck = Effect.suspend(() => (isStuck ? Effect.never : Effect.succeed("at last")))
      const one = yield* run({ read: stuck }, { pace, worked })
      const other = yield* run({}, { pace, worked })
      for (const { feed } of [one, other]) feed.wanted(true)
      yield* TestClock.adjust("30 seconds")
      expect([one.heard, other.heard.length]).toEqual([[], 31])
      isStuck = false
      yield* TestClock.adjust("31 seconds")
      expect(one.heard).toContain("at last")
    }))
})
