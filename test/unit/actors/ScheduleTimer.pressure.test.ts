/** Schedules where something holds them up: runs without an end at the end of a process, crowded mailboxes, busy schedules in front. */
import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { Hub, type HubMember } from "../../../src/services/Hub.ts"
import { makeStoredSchedules } from "../../../src/services/schedules/storedSchedules.ts"
import type { Store } from "../../../src/services/store/Store.ts"
import { newStore, ScheduleWorld, START } from "../../support/schedules/ScheduleWorld.ts"

const data = Buffer.from('"hello"')
const news = { channels: ["news"], data }

const test = (name: string, body: (world: ScheduleWorld) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      yield* body(new ScheduleWorld(yield* newStore))
    })
  )

const begun = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.forkDetach(Effect.exit(effect), { startImmediately: true })

const exitOf = <A, E>(fiber: Fiber.Fiber<Exit.Exit<A, E>>): Exit.Exit<A, E> | undefined => {
  const exit = fiber.pollUnsafe()
  return exit !== undefined && Exit.isSuccess(exit) ? exit.value : undefined
}

type Process = Effect.Success<ScheduleWorld["process"]>

const changes = {
  pause: ({ scheduler }: Process) => scheduler.pause("x"),
  cancel: ({ scheduler }: Process) => scheduler.cancel("x"),
  update: ({ scheduler }: Process) => scheduler.update("x", { channels: ["durable:other"] })
}

describe("a run that the end of the process cuts off", () => {
  describe.each(["asked for", "due"])("and that was %s", (how) => {
    for (const [name, change] of Object.entries(changes))
      test(`refuses the ${name} that waits for it, and is sent by the next process`, (world) =>
        Effect.gen(function* () {
          const process = yield* world.process
          yield* process.scheduler.create({ channels: ["durable:x"], data, id: "x", every: "1 hour" })
          yield* TestClock.adjust(how === "due" ? 3_600_000 - 1 : 10)
          world.published.length = 0
          world.meets = () => Effect.never
          if (how === "asked for") yield* begun(process.scheduler.runNow("x"))
          yield* TestClock.adjust(1)
          const changing = yield* begun(change(process))
          yield* TestClock.adjust(1)
          expect(exitOf(changing)).toBeUndefined()
          yield* process.end
          expect(exitOf(changing)).toMatchObject({ _tag: "Failure" })

          world.revive()
          const next = yield* world.process
          yield* TestClock.adjust(1000)
          expect(world.published.map(({ channel }) => channel)).toEqual(["durable:x"])
          expect(yield* next.store.get("x")).toMatchObject({ state: "scheduled", revision: 1 })
          expect([next.runs.underWay(), next.runs.turns.size]).toEqual([0, 0])
        }))
  })

  test("is closed by the next process also where its schedule is over", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "x", every: "1 hour" })
      world.meets = () => Effect.never
      yield* begun(process.scheduler.runNow("x"))
      yield* TestClock.adjust(1)
      // As an earlier version could leave it.
      const before = (yield* process.store.get("x"))!
      const schedule = { ...before, state: "cancelled", due: undefined, fireAt: undefined } as const
      yield* process.store.commit([{ kind: "schedule", schedule, before }])
      yield* process.end

      world.revive()
      const next = yield* world.process
      yield* TestClock.adjust(1000)
      expect(yield* next.store.figures).toMatchObject({ openRuns: 0 })
      expect((yield* next.store.runs("x", { limit: 9 })).items).toMatchObject([{ outcome: "interrupted" }])
      expect((yield* next.store.get("x"))?.state).toBe("cancelled")
      expect([next.runs.underWay(), next.runs.turns.size]).toEqual([0, 0])
    }))
})

test("an open run of a schedule that is forgotten is closed at the next start", (world) =>
  Effect.gen(function* () {
    const process = yield* world.process
    const run = { id: "r", schedule: "gone", number: 1, sequence: 1, isAsked: false, due: START } as const
    yield* process.store.commit([{ kind: "run", run: { ...run, outcome: "sending", startedAt: START } }])
    yield* process.end
    world.revive()
    const next = yield* world.process
    yield* TestClock.adjust(10)
    expect(yield* next.store.figures).toMatchObject({ openRuns: 0 })
    expect([next.runs.underWay(), next.runs.turns.size]).toEqual([0, 0])
  }))

describe("a member of the hub that is crowded", () => {
  const crowded = (process: Process) => {
    const hub = Context.get(process.context, Hub)
    const member: HubMember = { offer: () => true, spare: 0, size: 0 }
    return { hub, member }
  }

  test("and moves all the same holds runs up for a second each, and no answer", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      const { hub, member } = crowded(process)
      yield* hub.join(member)
      const moves = Effect.andThen(
        Effect.sleep(500),
        Effect.sync(() => hub.relieved(member))
      )
      yield* Effect.forkScoped(Effect.forever(moves))
      yield* process.scheduler.create({ ...news, id: "first", delay: 1000 })
      yield* process.scheduler.create({ ...news, id: "other", delay: 5000 })
      yield* process.scheduler.create({ ...news, id: "hour", every: "1 hour", start: "2030-01-01T01:00:00Z" })
      yield* TestClock.adjust(1500)
      const asking = yield* begun(process.scheduler.runNow("hour"))
      const pausing = yield* begun(process.scheduler.pause("hour"))
      yield* TestClock.adjust(100)
      expect([exitOf(asking), exitOf(pausing)]).toMatchObject([{ _tag: "Success" }, { _tag: "Success" }])
      yield* TestClock.adjust(10_000)
      expect(world.times).toEqual([1500, 2000, 6000])
    }))

  test("holds nobody up any more when it leaves", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      const { hub, member } = crowded(process)
      const scope = yield* Scope.make()
      yield* Scope.provide(hub.join(member), scope)
      yield* process.scheduler.create({ ...news, delay: 1000 })
      yield* TestClock.adjust(1010)
      expect(world.times).toEqual([])
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust(0)
      expect(world.times).toEqual([1010])
    }))
})

test("a hundred late schedules that are busy are in nobody's way", (world) =>
  Effect.gen(function* () {
    const { scheduler } = yield* world.process
    for (let index = 0; index < 100; index++)
      yield* scheduler.create({ channels: ["stuck"], data, id: `a${index}`, every: "1 hour" })
    yield* scheduler.create({ ...news, id: "z", every: "1 hour", start: "2030-01-01T01:00:00.100Z" })
    yield* TestClock.adjust(3_600_000 - 5000)
    world.meets = (channel) => (channel === "stuck" ? Effect.never : Effect.void)
    for (let index = 0; index < 100; index++) yield* begun(scheduler.runNow(`a${index}`))
    yield* TestClock.adjust(1)
    world.setBy = 120_000
    yield* TestClock.adjust(1000)
    expect(world.texts("news")).toHaveLength(1)
  }))

describe("between two reads of one answer", () => {
  /** A store that lets something happen once, when it has read from a table. */
  const interrupted = (store: Store["Service"], table: string, what: Effect.Effect<unknown>) => {
    let isOver = false
    const then = (read: string) =>
      Effect.suspend(() => {
        if (read !== table || isOver) return Effect.void
        isOver = true
        return what
      })
    return makeStoredSchedules({
      ...store,
      get: (read, key) => Effect.tap(store.get(read, key), then(read)),
      range: (read, range) => Effect.tap(store.range(read, range), then(read))
    })
  }

  test("a run may end: it is listed once", (world) =>
    Effect.gen(function* () {
      const { scheduler, store } = yield* world.process
      yield* scheduler.create({ ...news, id: "x", delay: 1000 })
      world.meets = () => Effect.sleep(10)
      yield* TestClock.adjust(1005)
      expect((yield* store.runs("x", { limit: 9 })).items).toMatchObject([{ outcome: "sending" }])
      const ending = TestClock.adjust(20)
      const { items } = yield* interrupted(world.store, "schedules.open", ending).runs("x", { limit: 9 })
      expect(items).toMatchObject([{ sequence: 1, outcome: "sent" }])
    }))

  test("a schedule may be changed: its runs are not forgotten", (world) =>
    Effect.gen(function* () {
      const { scheduler } = yield* world.process
      yield* scheduler.create({ ...news, id: "x", every: 1000 })
      yield* TestClock.adjust(5000)
      const change = (about: string) => Effect.orDie(scheduler.update("x", { about }))
      for (const table of ["schedules", "schedules.progress"]) {
        const store = interrupted(world.store, table, change(table))
        expect(yield* store.get("x")).toMatchObject({ runs: 5, due: START + 6000 })
        const again = interrupted(world.store, table, change(`${table} again`))
        expect((yield* again.list({ limit: 9 })).items).toMatchObject([{ runs: 5, due: START + 6000 }])
      }
    }))
})
