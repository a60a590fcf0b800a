/** A supervisor whose actors can do without each other, and actors whose children live elsewhere. */
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import * as Supervisor from "../../../src/actors/Supervisor.ts"
import { type ActorNode, ActorTree } from "../../../src/services/ActorTree.ts"
import { ADDRESS, noProbe, POLICY, patient, test } from "../../support/supervision.ts"

/** Three actors that serve until they are told to crash. */
const three = Effect.fnUntraced(function* (failsWith: "first" | "last") {
  const supervisor = yield* Supervisor.make(ADDRESS, { ...POLICY, budget: 1 }, failsWith)
  const actors = yield* Effect.forEach(["a", "b", "c"], (name) =>
    supervisor.supervise({ name, program: patient(), probe: noProbe })
  )
  const failure = yield* Effect.forkChild(Effect.flip(supervisor.failure), { startImmediately: true })
  const states = () => actors.map((actor) => actor.state())
  return { actors, failure, states }
})

/** Crashes it until its budget of one restart is spent. */
const exhaust = Effect.fnUntraced(function* (actor: Supervisor.SupervisedActor, cause = "a bug") {
  for (let i = 0; i < 2; i++) {
    yield* actor.crash(cause)
    yield* TestClock.adjust(1000)
  }
})

/** The state that the supervisor shows of itself. */
const shown = Effect.map(
  Effect.flatMap(ActorTree, ({ snapshot }) => snapshot),
  (roots) => roots[0]?.children[0]?.state
)

const primary = Effect.flatMap(ActorTree, ({ register }) => register("primary", () => ({ state: "serving" })))

describe("a supervisor that fails with the last of its actors", () => {
  test("goes on while one is left, and that one is restarted as ever", (logs) =>
    Effect.gen(function* () {
      yield* primary
      const { actors, failure, states } = yield* three("last")
      yield* exhaust(actors[0]!)
      yield* exhaust(actors[2]!)
      expect(states()).toEqual(["failed", "serving", "failed"])
      expect([failure.pollUnsafe(), yield* shown]).toEqual([undefined, "serving"])
      yield* actors[1]!.crash("a bug")
      yield* TestClock.adjust(1000)
      expect([states()[1], actors[1]!.restarts()]).toEqual(["serving", 1])
      // Each failure is logged when it happens, not only the one that ends everything.
      expect(logs.texts("Error")).toEqual([
        "primary/things/a crashed again after 1 restarts: a bug",
        "primary/things/c crashed again after 1 restarts: a bug"
      ])
    }))

  test("fails with the error of the last", () =>
    Effect.gen(function* () {
      yield* primary
      const { actors, failure } = yield* three("last")
      for (const [i, actor] of [...actors].entries()) yield* exhaust(actor, `bug ${i}`)
      expect(yield* Fiber.join(failure)).toMatchObject({
        _tag: "RestartBudgetSpent",
        address: "primary/things/c",
        restarts: 1,
        cause: "bug 2"
      })
      expect(yield* shown).toBe("failed")
    }))

  test("does not come to life again: what has failed stays failed", () =>
    Effect.gen(function* () {
      const { actors, states } = yield* three("last")
      yield* exhaust(actors[0]!)
      yield* TestClock.adjust("1 hour")
      yield* actors[0]!.crash("again")
      expect(states()[0]).toBe("failed")
    }))
})

describe("a supervisor that fails with the first", () => {
  test("does so, though others serve", () =>
    Effect.gen(function* () {
      const { actors, failure, states } = yield* three("first")
      yield* exhaust(actors[1]!)
      expect(yield* Fiber.join(failure)).toMatchObject({ address: "primary/things/b" })
      expect(states()).toEqual(["serving", "failed", "serving"])
    }))
})

describe("children that live in another process", () => {
  test("hang below their actor, as last heard", () =>
    Effect.gen(function* () {
      yield* primary
      let heard: ReadonlyArray<ActorNode> = []
      const supervisor = yield* Supervisor.make(ADDRESS, POLICY)
      yield* supervisor.supervise({
        name: "one",
        program: patient(),
        probe: () => ({ connections: 3 }),
        elsewhere: () => heard
      })
      const one = Effect.map(
        Effect.flatMap(ActorTree, ({ snapshot }) => snapshot),
        ([root]) => root?.children[0]?.children[0]
      )
      expect(yield* one).toMatchObject({ name: "one", connections: 3, restarts: 0, children: [] })
      const shards = { name: "shards", address: `${ADDRESS}/one/shards`, state: "serving", children: [] }
      heard = [shards]
      expect((yield* one)?.children).toEqual([shards])
    }))
})
