/** Who wants what is being done already has its answer, too. */
import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect } from "vitest"
import { firstOfMany } from "../../../../../src/services/broker/nats/firstOfMany.ts"

const world = Effect.gen(function* () {
  const answer = yield* Deferred.make<number, string>()
  const seen = { begun: 0 }
  const once = firstOfMany<number, string>(Effect.runFork)
  const doing = Effect.suspend(() => {
    seen.begun++
    return Deferred.await(answer)
  })
  const want = (key: string) => Effect.forkChild(Effect.result(once(key, doing)), { startImmediately: true })
  return { answer, seen, want }
})

describe("what many want at a time", () => {
  it.effect("is done once for each key, and only one of them is the first", () =>
    Effect.gen(function* () {
      const { answer, seen, want } = yield* world
      const fibers = yield* Effect.forEach(["a", "a", "b", "a"], want)
      expect(seen.begun).toBe(2)
      yield* Deferred.succeed(answer, 7)
      expect(yield* Effect.forEach(fibers, Fiber.join)).toMatchObject(
        [true, false, true, false].map((isFirst) => ({ success: { answer: 7, isFirst } }))
      )
      // It is over: who comes now has it done again.
      yield* Fiber.join(yield* want("a"))
      expect(seen.begun).toBe(3)
    })
  )

  it.effect("goes on where the first waits no more", () =>
    Effect.gen(function* () {
      const { answer, seen, want } = yield* world
      const first = yield* want("a")
      const second = yield* want("a")
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(answer, 7)
      expect(yield* Fiber.join(second)).toMatchObject({ success: { answer: 7, isFirst: false } })
      expect(seen.begun).toBe(1)
    })
  )

  it.effect("fails for all of them, and not for who comes later", () =>
    Effect.gen(function* () {
      const { answer, seen, want } = yield* world
      const fibers = yield* Effect.forEach(["a", "a"], want)
      yield* Deferred.fail(answer, "down")
      expect(yield* Effect.forEach(fibers, Fiber.join)).toMatchObject([
        { failure: "down" },
        { failure: "down" }
      ])
      yield* want("a")
      expect(seen.begun).toBe(2)
    })
  )
})
