import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { Hub } from "../../../src/services/Hub.ts"

const ROOMY = 8
const member = () => ({ size: 1, offer: () => true, spare: ROOMY })

const joined = Effect.fnUntraced(function* (count: number) {
  const hub = yield* Hub
  const members = Array.from({ length: count }, member)
  for (const one of members) yield* hub.join(one)
  return { hub, members }
})

const eagerly = { startImmediately: true }

/** Whether a publisher that waits for room from now on goes on at once. */
const goesOn = (hub: Hub["Service"]) =>
  Effect.map(
    Effect.tap(Effect.forkChild(hub.room, eagerly), () => Effect.yieldNow),
    (fiber) => ({ fiber, isThrough: () => fiber.pollUnsafe() !== undefined })
  )

const test = (name: string, body: Effect.Effect<void, never, Hub | import("effect/Scope").Scope>) =>
  it.effect(name, () => Effect.provide(body, Hub.layer))

describe("publishers that can wait", () => {
  test(
    "go on at once where nobody is crowded",
    Effect.gen(function* () {
      const { hub } = yield* joined(3)
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
    })
  )

  test(
    "wait until the last crowded member was relieved, all of them",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(2)
      const [one, two] = [members[0]!, members[1]!]
      one.spare = two.spare = 0
      const waiting = [yield* goesOn(hub), yield* goesOn(hub)]
      hub.relieved(one)
      one.spare = ROOMY
      hub.relieved(one)
      yield* Effect.yieldNow
      expect(waiting.map(({ isThrough }) => isThrough())).toEqual([false, false])
      two.spare = ROOMY
      hub.relieved(two)
      for (const { fiber } of waiting) yield* Fiber.join(fiber)
    })
  )

  test(
    "wait for a member that stays crowded once, and again only after it was relieved",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(2)
      const stuck = members[0]!
      stuck.spare = 0
      const first = yield* goesOn(hub)
      expect(first.isThrough()).toBe(false)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first.fiber)
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
      stuck.spare = ROOMY
      hub.relieved(stuck)
      stuck.spare = 0
      expect((yield* goesOn(hub)).isThrough()).toBe(false)
    })
  )

  test(
    "are let in as there is room for them, however many wait",
    Effect.gen(function* () {
      const hub = yield* Hub
      const capacity = 16
      let depth = 0
      let refused = 0
      const one = {
        size: 1,
        offer: () => {
          if (depth === capacity) refused++
          else depth++
          return depth <= capacity
        },
        get spare() {
          return capacity / 2 - depth
        }
      }
      yield* hub.join(one)
      const publishing = Effect.andThen(
        hub.room,
        Effect.sync(() => void one.offer())
      )
      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 1000 }), () => publishing, { concurrency: "unbounded" }),
        eagerly
      )
      let taken = 0
      while (all.pollUnsafe() === undefined) {
        taken += depth
        depth = 0
        hub.relieved(one)
        yield* Effect.yieldNow
      }
      expect([taken + depth, refused]).toEqual([1000, 0])
    })
  )

  test(
    "keep a place for what comes into the mailboxes later",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(1)
      members[0]!.spare = 2
      const [one, two] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const held = [one, two].map((deferred) =>
        Effect.forkChild(hub.holding(Deferred.await(deferred)), eagerly)
      )
      const fibers = yield* Effect.all(held)
      const { fiber, isThrough } = yield* goesOn(hub)
      expect(isThrough()).toBe(false)
      yield* Deferred.succeed(one, undefined)
      yield* Fiber.join(fiber)
      yield* Fiber.interrupt(fibers[1]!)
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
    })
  )

  test(
    "wait on for a member that works its way through more than it has room for",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(1)
      const busy = members[0]!
      busy.spare = 0
      const { fiber, isThrough } = yield* goesOn(hub)
      for (let i = 0; i < 10; i++) {
        yield* TestClock.adjust("600 millis")
        hub.relieved(busy)
        expect(isThrough()).toBe(false)
      }
      busy.spare = ROOMY
      hub.relieved(busy)
      yield* Fiber.join(fiber)
    })
  )

  test(
    "do not wait for a member that left",
    Effect.gen(function* () {
      const hub = yield* Hub
      yield* Effect.scoped(hub.join({ ...member(), spare: 0 }))
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
    })
  )
})
