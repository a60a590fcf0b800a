import { describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import * as Supervisor from "../../../src/actors/Supervisor.ts"
import { ADDRESS, noProbe, POLICY, patient, supervise, test } from "../../support/supervision.ts"

describe("a supervised actor", () => {
  test("starts at once, and serves when it says so", () =>
    Effect.gen(function* () {
      const open = yield* Deferred.make<void>()
      const { actor } = yield* supervise((life) =>
        Deferred.await(open).pipe(Effect.andThen(life.started), Effect.andThen(life.stopping))
      )
      expect([actor.name, actor.state(), actor.restarts()]).toEqual(["thing", "starting", 0])
      yield* Deferred.succeed(open, undefined)
      yield* TestClock.adjust(0)
      expect(actor.state()).toBe("serving")
    }))

  test("that crashes is restarted after the backoff, not before", (logs) =>
    Effect.gen(function* () {
      const lives: Array<string> = []
      const { actor } = yield* supervise(patient(lives))
      yield* actor.crash("a bug")
      yield* TestClock.adjust(99)
      expect([actor.state(), actor.restarts(), lives]).toEqual(["restarting", 0, ["started", "cut"]])
      yield* TestClock.adjust(1)
      expect([actor.state(), actor.restarts(), lives]).toEqual(["serving", 1, ["started", "cut", "started"]])
      expect(logs.texts("Warn")).toEqual(["primary/things/thing crashed: a bug; restart in 100 ms"])
    }))

  test("waits twice as long with each crash in the window", (logs) =>
    Effect.gen(function* () {
      const { actor } = yield* supervise(patient(), { policy: { ...POLICY, budget: 6 } })
      for (const backoff of [100, 200, 400, 800, 1000, 1000]) {
        yield* actor.crash("a bug")
        yield* TestClock.adjust(backoff - 1)
        expect(actor.state()).toBe("restarting")
        yield* TestClock.adjust(1)
        expect(actor.state()).toBe("serving")
      }
      expect(logs.texts("Warn").at(-1)).toContain("restart in 1000 ms")
    }))

  const crashes: ReadonlyArray<readonly [string, Supervisor.ActorSpec<never>["program"], string]> = [
    ["fails with an error", () => Effect.fail(new Error("no such file")), "no such file"],
    ["fails with a text", () => Effect.fail("nothing left"), "nothing left"],
    ["dies of a defect", () => Effect.die(new Error("undefined is no function")), "undefined is no function"],
    [
      "throws",
      () => {
        throw new Error("thrown")
      },
      "thrown"
    ],
    [
      "throws later",
      () =>
        Effect.andThen(
          Effect.yieldNow,
          Effect.sync(() => JSON.parse("{"))
        ),
      "JSON"
    ],
    ["returns by itself", (life) => life.started, "it ended by itself"],
    ["returns without having started", () => Effect.void, "it ended by itself"]
  ]
  for (const [what, program, cause] of crashes) {
    test(`that ${what} has crashed, and the cause is told`, (logs) =>
      Effect.gen(function* () {
        const { actor } = yield* supervise(program)
        yield* TestClock.adjust(0)
        expect(actor.state()).toBe("restarting")
        expect(logs.texts("Warn")).toHaveLength(1)
        expect(logs.texts("Warn")[0]).toContain(cause)
        yield* TestClock.adjust(100)
        expect(actor.restarts()).toBe(1)
      }))
  }

  test("has its scope closed before its next life begins", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      let life = 0
      const { actor } = yield* supervise(({ started, stopping }) =>
        Effect.gen(function* () {
          const own = ++life
          yield* Effect.acquireRelease(
            Effect.sync(() => order.push(`open ${own}`)),
            () => Effect.sync(() => order.push(`close ${own}`))
          )
          yield* started
          yield* stopping
        })
      )
      yield* actor.crash("a bug")
      yield* TestClock.adjust(100)
      expect(order).toEqual(["open 1", "close 1", "open 2"])
    }))
})

describe("a crash from outside", () => {
  test("is reported with its cause, which the next crash does not inherit", (logs) =>
    Effect.gen(function* () {
      const fall = yield* Deferred.make<never, string>()
      let lives = 0
      const { actor } = yield* supervise(({ started, stopping }) =>
        Effect.andThen(started, ++lives === 1 ? stopping : Deferred.await(fall))
      )
      yield* actor.crash("pulled the plug")
      yield* TestClock.adjust(100)
      yield* Deferred.fail(fall, "fell by itself")
      yield* TestClock.adjust(0)
      expect(logs.texts("Warn")).toEqual([
        "primary/things/thing crashed: pulled the plug; restart in 100 ms",
        "primary/things/thing crashed: fell by itself; restart in 200 ms"
      ])
    }))

  test("of an actor that waits for its restart is no crash, and no cause of a later one", (logs) =>
    Effect.gen(function* () {
      const fall = yield* Deferred.make<never, string>()
      let lives = 0
      const { actor } = yield* supervise(({ started, stopping }) =>
        Effect.andThen(started, ++lives === 1 ? stopping : Deferred.await(fall))
      )
      yield* actor.crash("first")
      yield* TestClock.adjust(50)
      yield* actor.crash("while it was down")
      yield* TestClock.adjust(50)
      expect([actor.state(), actor.restarts()]).toEqual(["serving", 1])
      yield* Deferred.fail(fall, "fell by itself")
      yield* TestClock.adjust(0)
      expect(logs.texts("Warn").at(-1)).toContain("crashed: fell by itself;")
    }))
})

describe("a restart budget that is spent", () => {
  test("fails the supervisor with the actor's address, its restarts and the last cause", () =>
    Effect.gen(function* () {
      let life = 0
      const { supervisor, actor } = yield* supervise(() => Effect.fail(`crash ${++life}`))
      const failure = yield* Effect.forkChild(Effect.flip(supervisor.failure), { startImmediately: true })
      yield* TestClock.adjust(100 + 200)
      expect(failure.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(400)
      const error = yield* Fiber.join(failure)
      expect(error).toMatchObject({
        _tag: "RestartBudgetSpent",
        address: "primary/things/thing",
        restarts: 3,
        cause: "crash 4"
      })
      expect(error.message).toBe("primary/things/thing crashed again after 3 restarts: crash 4")
      expect(actor.state()).toBe("failed")
      yield* TestClock.adjust("1 hour")
      expect(life).toBe(4)
    }))

  test("is told to who asks later, too", () =>
    Effect.gen(function* () {
      const { supervisor } = yield* supervise(() => Effect.fail("x"), { policy: { ...POLICY, budget: 0 } })
      yield* TestClock.adjust(0)
      expect((yield* Effect.flip(supervisor.failure)).restarts).toBe(0)
    }))

  test("is not spent by crashes that lie further apart than the window", () =>
    Effect.gen(function* () {
      const { supervisor, actor } = yield* supervise(patient())
      const failure = yield* Effect.forkChild(supervisor.failure, { startImmediately: true })
      for (let i = 0; i < 144; i++) {
        yield* TestClock.adjust("10 minutes")
        yield* actor.crash(`crash ${i}`)
      }
      yield* TestClock.adjust("10 minutes")
      expect([actor.state(), actor.restarts()]).toEqual(["serving", 144])
      expect(failure.pollUnsafe()).toBeUndefined()
    }))

  test("leaves the siblings alone: each has a budget of its own", () =>
    Effect.gen(function* () {
      const supervisor = yield* Supervisor.make(ADDRESS, POLICY)
      const lives: Array<string> = []
      const well = yield* supervisor.supervise({ name: "well", program: patient(lives), probe: noProbe })
      const ill = yield* supervisor.supervise({
        name: "ill",
        program: () => Effect.fail("x"),
        probe: noProbe
      })
      yield* TestClock.adjust("1 minute")
      expect([ill.state(), ill.restarts()]).toEqual(["failed", 3])
      expect([well.state(), well.restarts(), lives]).toEqual(["serving", 0, ["started"]])
      yield* well.crash("a bug")
      yield* TestClock.adjust(100)
      expect([well.state(), well.restarts()]).toEqual(["serving", 1])
    }))
})
