import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { Flushes } from "../../../../src/services/nats/Flushes.ts"
import { makeNow } from "../../../../src/services/now.ts"

const TIMEOUT_MS = 1000

const made = Effect.gen(function* () {
  const answers: Array<() => void> = []
  const timers: Array<Fiber.Fiber<void>> = []
  let error: Error | undefined
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const { flushed } = new Flushes({
    flush: () => new Promise((resolve) => void answers.push(resolve)),
    down: () => error,
    ...{ timeoutMs: TIMEOUT_MS, now: yield* makeNow },
    fork: (effect) => void timers.push(fork(effect))
  })
  return {
    ...{ answers, flushed, timers },
    goDown: () => {
      error = new Error("down")
    }
  }
})

const run = <A>(test: Effect.Effect<A>) => Effect.runPromise(Effect.provide(test, TestClock.layer()))
const what = (asked: Promise<void>) =>
  asked.then(
    () => "taken",
    (error: Error) => error.message
  )

describe("round trips to the server", () => {
  it("one is under way; who comes meanwhile shares the next one", () =>
    run(
      Effect.gen(function* () {
        const { answers, flushed } = yield* made
        const first = flushed()
        const second = [flushed(), flushed()]
        expect(answers.length).toBe(1)
        answers[0]!()
        yield* Effect.promise(() => first)
        while (answers.length < 2) yield* Effect.promise(() => Promise.resolve())
        answers[1]!()
        yield* Effect.promise(() => Promise.all(second))
        expect(answers.length).toBe(2)
      })
    ))

  it("that are not back in time have failed, and the next one is tried", () =>
    run(
      Effect.gen(function* () {
        const { answers, flushed, timers, goDown } = yield* made
        const late = what(flushed())
        const next = what(flushed())
        yield* TestClock.adjust(TIMEOUT_MS - 1)
        expect(answers.length).toBe(1)
        yield* TestClock.adjust(1)
        expect(yield* Effect.promise(() => late)).toBe("timeout")
        while (answers.length < 2) yield* Effect.promise(() => Promise.resolve())
        answers[1]!()
        expect(yield* Effect.promise(() => next)).toBe("taken")
        const last = what(flushed())
        yield* TestClock.adjust(2 * TIMEOUT_MS)
        expect(yield* Effect.promise(() => last)).toBe("timeout")
        yield* Fiber.joinAll(timers)
        goDown()
        expect(yield* Effect.promise(() => what(flushed()))).toBe("down")
      })
    ))
})
