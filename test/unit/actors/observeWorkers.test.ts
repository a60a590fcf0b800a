import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { AT_ONCE, makeObserve } from "../../../src/actors/observeWorkers.ts"

/** Workers that answer when they are told to, with who was asked so far, in order. */
const make = (count: number) => {
  const asked: Array<number> = []
  const answers = Array.from({ length: count }, () => Deferred.makeUnsafe<void>())
  const slots = answers.map((answer, i) => ({
    observe: Effect.suspend(() => {
      asked.push(i)
      return Deferred.await(answer)
    })
  }))
  return {
    asked,
    observe: makeObserve(slots),
    answer: (i: number) => Deferred.succeed(answers[i]!, undefined)
  }
}

const begin = <A, E>(effect: Effect.Effect<A, E>) => Effect.forkChild(effect, { startImmediately: true })

describe("workers that are asked how they are", () => {
  it.effect("are waited for, and asked a few at a time", () =>
    Effect.gen(function* () {
      const { asked, observe, answer } = make(AT_ONCE + 2)
      const observing = yield* begin(observe(0))
      expect(asked).toHaveLength(AT_ONCE)
      yield* answer(1)
      yield* Effect.yieldNow
      expect(asked).toHaveLength(AT_ONCE + 1)
      for (let i = 0; i < AT_ONCE + 1; i++) {
        yield* answer(i)
        yield* Effect.yieldNow
      }
      yield* Effect.yieldNow
      expect(observing.pollUnsafe()).toBeUndefined()
      yield* answer(AT_ONCE + 1)
      yield* Fiber.join(observing)
    })
  )

  it.effect("leave their place to the next after a quarter of a second", () =>
    Effect.gen(function* () {
      const { asked, observe } = make(AT_ONCE + 1)
      const observing = yield* begin(observe(0))
      yield* TestClock.adjust("249 millis")
      expect(asked).toHaveLength(AT_ONCE)
      yield* TestClock.adjust("1 millis")
      expect(asked).toHaveLength(AT_ONCE + 1)
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(observing)
    })
  )

  it.effect("are not waited for longer than a second", () =>
    Effect.gen(function* () {
      const { observe } = make(100)
      const observing = yield* begin(observe(0))
      yield* TestClock.adjust("999 millis")
      expect(observing.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(observing)
    })
  )

  it.effect("are not asked again for who is content with what they told a moment ago", () =>
    Effect.gen(function* () {
      const { asked, observe, answer } = make(1)
      yield* answer(0)
      yield* observe(750)
      yield* TestClock.adjust("749 millis")
      yield* observe(750)
      expect(asked).toHaveLength(1)
      yield* observe(0)
      expect(asked).toHaveLength(2)
      yield* TestClock.adjust("750 millis")
      yield* observe(750)
      expect(asked).toHaveLength(3)
    })
  )
})
