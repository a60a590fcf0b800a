import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import type { Ear } from "../../../../../src/services/broker/nats/Ear.ts"
import {
  LOOK_AGAIN_MS,
  LOOKS_OF_ALL,
  LOOKS_OF_ONE,
  Looks
} from "../../../../../src/services/broker/nats/Looks.ts"
import { makeNow } from "../../../../../src/services/now.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(Effect.provide(test, TestClock.layer())))

const ears = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ channel: String(at), heard: {} }) as unknown as Ear)

/** What is looked at, as a list that grows. */
const looking = Effect.fnUntraced(function* (all: ReadonlyArray<Ear>, nodes = 1) {
  const looked: Array<Ear> = []
  const now = yield* makeNow
  const looks = new Looks(
    () => all.values(),
    (ear) => Effect.sync(() => void looked.push(ear)),
    () => nodes,
    now
  )
  yield* Effect.forkScoped(looks.run)
  return looked
})

describe("looks at channels", () => {
  it("none is looked at again before its time", () =>
    run(
      Effect.gen(function* () {
        const all = ears(3)
        const looked = yield* looking(all)
        yield* TestClock.adjust(LOOK_AGAIN_MS)
        expect(looked).toEqual(all)
        yield* TestClock.adjust(LOOK_AGAIN_MS)
        expect(looked).toEqual([...all, ...all])
      })
    ))

  it("many are looked at in turn, so many a second", () =>
    run(
      Effect.gen(function* () {
        const all = ears(10 * LOOKS_OF_ONE + 50)
        const looked = yield* looking(all)
        yield* TestClock.adjust("1 second")
        expect(looked).toHaveLength(LOOKS_OF_ONE)
        yield* TestClock.adjust("10 seconds")
        expect(looked).toEqual(all)
      })
    ))

  it("the more nodes there are, the fewer each looks at; one at least", () =>
    run(
      Effect.gen(function* () {
        const all = ears(100)
        const few = yield* looking(all, 50)
        const one = yield* looking(all, 10 * LOOKS_OF_ALL)
        yield* TestClock.adjust("1 second")
        expect(few).toHaveLength(LOOKS_OF_ALL / 50)
        expect(one).toHaveLength(1)
      })
    ))

  it("of which nothing is known yet are passed over", () =>
    run(
      Effect.gen(function* () {
        const looked = yield* looking([{ heard: undefined } as unknown as Ear, ...ears(1)])
        yield* TestClock.adjust("2 seconds")
        expect(looked).toHaveLength(1)
      })
    ))
})
