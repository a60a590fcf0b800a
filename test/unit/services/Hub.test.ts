import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { describe, expect } from "vitest"
import { Hub } from "../../../src/services/Hub.ts"

const member = () => ({ size: 1, offer: () => true, isCrowded: false })

const joined = Effect.fnUntraced(function* (count: number) {
  const hub = yield* Hub
  const members = Array.from({ length: count }, member)
  for (const one of members) yield* hub.join(one)
  return { hub, members }
})

/** Whether a publisher that waits for room from now on goes on at once. */
const goesOn = (hub: Hub["Service"]) =>
  Effect.map(
    Effect.tap(Effect.forkChild(hub.room, { startImmediately: true }), () => Effect.yieldNow),
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
      one.isCrowded = two.isCrowded = true
      const waiting = [yield* goesOn(hub), yield* goesOn(hub)]
      hub.relieved(one)
      one.isCrowded = false
      hub.relieved(one)
      yield* Effect.yieldNow
      expect(waiting.map(({ isThrough }) => isThrough())).toEqual([false, false])
      two.isCrowded = false
      hub.relieved(two)
      for (const { fiber } of waiting) yield* Fiber.join(fiber)
    })
  )

  test(
    "wait for a member that stays crowded once, and again only after it was relieved",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(2)
      const stuck = members[0]!
      stuck.isCrowded = true
      const first = yield* goesOn(hub)
      expect(first.isThrough()).toBe(false)
      yield* TestClock.adjust("100 millis")
      yield* Fiber.join(first.fiber)
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
      stuck.isCrowded = false
      hub.relieved(stuck)
      stuck.isCrowded = true
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
        get isCrowded() {
          return depth * 2 > capacity
        }
      }
      yield* hub.join(one)
      const publishing = Effect.andThen(
        hub.room,
        Effect.sync(() => void one.offer())
      )
      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 1000 }), () => publishing, { concurrency: "unbounded" }),
        { startImmediately: true }
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
    "wait on for a member that works its way through more than it has room for",
    Effect.gen(function* () {
      const { hub, members } = yield* joined(1)
      const busy = members[0]!
      busy.isCrowded = true
      const { fiber, isThrough } = yield* goesOn(hub)
      for (let i = 0; i < 10; i++) {
        yield* TestClock.adjust("60 millis")
        hub.relieved(busy)
        expect(isThrough()).toBe(false)
      }
      busy.isCrowded = false
      hub.relieved(busy)
      yield* Fiber.join(fiber)
    })
  )

  test(
    "do not wait for a member that left",
    Effect.gen(function* () {
      const hub = yield* Hub
      yield* Effect.scoped(hub.join({ ...member(), isCrowded: true }))
      expect((yield* goesOn(hub)).isThrough()).toBe(true)
    })
  )
})
