import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { RestartPolicy } from "../../../src/actors/lifecycleMachine.ts"
import * as Supervisor from "../../../src/actors/Supervisor.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"

const POLICY: RestartPolicy = { budget: 3, windowMs: 60_000, backoffMs: 100, maxBackoffMs: 1000 }

const noProbe = () => ({})

/** A program that serves until it is asked to stop, and takes down the beginnings and ends of its lives. */
const patient = (lives: Array<string> = []) =>
  Effect.fnUntraced(function* (life: Supervisor.Life) {
    yield* Effect.addFinalizer((exit) =>
      Effect.sync(() => void lives.push(Exit.isSuccess(exit) ? "ended" : "cut"))
    )
    lives.push("started")
    yield* life.started
    yield* life.stopping
  })

const ADDRESS = "primary/things"

const supervise = Effect.fnUntraced(function* (
  program: Supervisor.ActorSpec<never>["program"],
  { policy = POLICY, name = "thing" } = {}
) {
  const supervisor = yield* Supervisor.make(ADDRESS, policy)
  const actor = yield* supervisor.supervise({ name, program, probe: noProbe })
  return { supervisor, actor }
})

/** Runs with captured logs, so that crashes on purpose are not printed. */
const test = (
  name: string,
  body: (logs: CapturedLogs) => Effect.Effect<void, unknown, ActorTree | Scope.Scope>
) => {
  const logs = new CapturedLogs()
  it.effect(name, () => body(logs).pipe(Effect.provide(Layer.merge(ActorTree.layer, logs.layer))))
}

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
      expect(yield* shown).toMatchObject({ state: "restarting", restarts: 0, cause: "a bug" })
      yield* TestClock.adjust(50)
      expect(yield* shown).toMatchObject({ state: "serving", restarts: 1, cause: "a bug" })
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
