import { describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import * as Supervisor from "../../../src/actors/Supervisor.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { ADDRESS, noProbe, POLICY, patient, supervise, test } from "../../support/supervision.ts"

describe("stopping", () => {
  test("waits until the actor has ended its work in order", () =>
    Effect.gen(function* () {
      const work = yield* Deferred.make<void>()
      const lives: Array<string> = []
      const { actor } = yield* supervise((life) => Effect.andThen(patient(lives)(life), Deferred.await(work)))
      const stop = yield* Effect.forkChild(actor.stop, { startImmediately: true })
      yield* TestClock.adjust("1 hour")
      expect([actor.state(), stop.pollUnsafe(), lives]).toEqual(["draining", undefined, ["started"]])
      yield* Deferred.succeed(work, undefined)
      yield* Fiber.join(stop)
      expect([actor.state(), actor.restarts(), lives]).toEqual(["stopped", 0, ["started", "ended"]])
    }))

  test("an actor that waits for its restart keeps it from coming back", () =>
    Effect.gen(function* () {
      const lives: Array<string> = []
      const { actor } = yield* supervise(patient(lives))
      yield* actor.crash("a bug")
      yield* TestClock.adjust(50)
      yield* actor.stop
      yield* TestClock.adjust("1 hour")
      expect([actor.state(), lives]).toEqual(["stopped", ["started", "cut"]])
    }))

  test("an actor that crashes meanwhile ends it, and is no reason for a restart", () =>
    Effect.gen(function* () {
      const { actor } = yield* supervise(({ started, stopping }) =>
        Effect.andThen(Effect.andThen(started, stopping), Effect.fail("on the way out"))
      )
      yield* actor.stop
      yield* TestClock.adjust("1 hour")
      expect([actor.state(), actor.restarts()]).toEqual(["stopped", 0])
      const [root] = yield* (yield* ActorTree).snapshot
      expect(root?.children ?? []).toEqual([])
    }))

  test("twice, or after a failure, returns at once", () =>
    Effect.gen(function* () {
      const { actor } = yield* supervise(patient())
      yield* actor.stop
      yield* actor.stop
      const failed = yield* supervise(() => Effect.fail("x"), { policy: { ...POLICY, budget: 0 } })
      yield* TestClock.adjust(0)
      yield* failed.actor.stop
      expect(failed.actor.state()).toBe("failed")
    }))

  test("leaves siblings serving", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.make(ADDRESS, POLICY)
      const one = yield* supervisor.supervise({ name: "one", program: patient(), probe: noProbe })
      const two = yield* supervisor.supervise({ name: "two", program: patient(), probe: noProbe })
      yield* one.stop
      expect([one.state(), two.state()]).toEqual(["stopped", "serving"])
    }))
})

describe("the scope of the supervisor", () => {
  test("ends its actors when it closes, without a crash or a restart", (logs) =>
    Effect.gen(function* () {
      const lives: Array<string> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { actor } = yield* supervise(patient(lives))
          expect(actor.state()).toBe("serving")
        })
      )
      expect(lives).toEqual(["started", "cut"])
      yield* TestClock.adjust("1 hour")
      expect(lives).toEqual(["started", "cut"])
      expect(logs.lines).toEqual([])
    }))

  test("forgets a restart that was to come", () =>
    Effect.gen(function* () {
      const lives: Array<string> = []
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { actor } = yield* supervise(patient(lives))
          yield* actor.crash("a bug")
          yield* TestClock.adjust(50)
        })
      )
      yield* TestClock.adjust("1 hour")
      expect(lives).toEqual(["started", "cut"])
    }))
})

describe("the actor tree", () => {
  test("shows state, restarts, cause and what the actor tells of itself", () =>
    Effect.gen(function* () {
      const tree = yield* ActorTree
      yield* tree.register("primary", () => ({ state: "serving" }))
      const supervisor = yield* Supervisor.make(ADDRESS, POLICY)
      const probe = () => ({ mailbox: 7, connections: 5000 })
      const actor = yield* supervisor.supervise({ name: "thing", program: patient(), probe })
      const shown = Effect.map(tree.snapshot, ([root]) => root?.children[0]?.children[0])
      expect(yield* shown).toMatchObject({
        name: "thing",
        address: "primary/things/thing",
        state: "serving",
        restarts: 0,
        mailbox: 7,
        connections: 5000
      })
      yield* actor.crash("a bug")
      yield* TestClock.adjust(50)
      expect(yield* shown).toMatchObject({ state: "restarting", restarts: 0, cause: "a bug", crashedAt: 0 })
      yield* TestClock.adjust(50)
      expect(yield* shown).toMatchObject({ state: "serving", restarts: 1, cause: "a bug", crashedAt: 0 })
      yield* actor.stop
      expect(yield* shown).toMatchObject({ state: "stopped", restarts: 1 })
    }))

  test("shows that the supervisor has failed, and forgets all when the scope closes", () =>
    Effect.gen(function* () {
      const tree = yield* ActorTree
      yield* tree.register("primary", () => ({ state: "serving" }))
      const states = Effect.map(tree.snapshot, ([root]) => root?.children.map(({ state }) => state))
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* supervise(() => Effect.fail("x"), { policy: { ...POLICY, budget: 0 } })
          yield* TestClock.adjust(0)
          expect(yield* states).toEqual(["failed"])
        })
      )
      expect(yield* states).toEqual([])
    }))
})

describe("the process", () => {
  test("does not notice an actor that fails: no rejection is left unhandled, nothing is thrown", () =>
    Effect.gen(function* () {
      const noticed: Array<unknown> = []
      const notice = (error: unknown) => void noticed.push(error)
      const events = ["unhandledRejection", "uncaughtExceptionMonitor"] as const
      for (const event of events) process.on(event, notice)
      const throwing = () => {
        throw new Error("thrown")
      }
      for (const program of [throwing, () => Effect.die("x"), () => Effect.fail("x")])
        yield* supervise(program, { policy: { ...POLICY, budget: 1 } })
      yield* TestClock.adjust("1 hour")
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      for (const event of events) process.off(event, notice)
      expect(noticed).toEqual([])
      expect(process.exitCode).toBeUndefined()
    }))
})
