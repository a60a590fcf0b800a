import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import type { Scheduler } from "../../../../src/services/schedules/Scheduler.ts"
import { newStore, ScheduleWorld, START } from "../../../support/schedules/ScheduleWorld.ts"

type Service = Scheduler["Service"]

const data = Buffer.from('"hello"')
const news = { channels: ["news"], data }

const test = (
  name: string,
  body: (scheduler: Service, world: ScheduleWorld) => Effect.Effect<void, unknown, Scope.Scope>,
  settings: Settings<ServerConfigValue> = {}
) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      const world = new ScheduleWorld(yield* newStore, settings)
      world.longestSleep = 3_600_000
      const { scheduler } = yield* world.process
      yield* body(scheduler, world)
    })
  )

const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), ({ _tag }) => _tag)

describe("creating", () => {
  test("without an id makes one", (scheduler) =>
    Effect.gen(function* () {
      const { schedule, isNew } = yield* scheduler.create({ ...news, delay: "10 minutes" })
      expect(isNew).toBe(true)
      expect(schedule.id).toMatch(/^[0-9a-f-]{36}$/)
      expect(schedule).toMatchObject({ state: "scheduled", due: START + 600_000, revision: 1, runs: 0 })
      expect(yield* scheduler.get(schedule.id)).toEqual(schedule)
    }))

  test("for a time that has just passed begins now, and is as late as it is allowed to be", (scheduler) =>
    Effect.gen(function* () {
      const { schedule } = yield* scheduler.create({ ...news, at: START - 10_000 })
      expect(schedule).toMatchObject({ due: START - 10_000, fireAt: START })
    }))

  test("the same again is answered with what is there, whenever it is", (scheduler, world) =>
    Effect.gen(function* () {
      const request = { ...news, id: "mine", delay: 1000, tags: { a: "b" } }
      const first = yield* scheduler.create(request)
      yield* TestClock.adjust("1 day")
      const again = yield* scheduler.create({ ...request, data: Buffer.from(data) })
      expect(again).toMatchObject({
        isNew: false,
        schedule: { id: "mine", state: "completed", due: undefined }
      })
      expect(again.schedule.createdAt).toBe(first.schedule.createdAt)
      expect(world.published).toHaveLength(1)
    }))

  test("something else under the same id is a conflict, and shows what is there", (scheduler) =>
    Effect.gen(function* () {
      const { schedule } = yield* scheduler.create({ ...news, id: "mine", every: 1000 })
      for (const other of [
        { every: 1001 },
        { every: 1000, channels: ["sport"] },
        { every: 1000, maxRuns: 1 }
      ]) {
        const failure = yield* Effect.flip(scheduler.create({ ...news, id: "mine", ...other }))
        expect(failure).toMatchObject({
          _tag: "ScheduleConflict",
          schedule: { id: schedule.id, revision: 1 }
        })
      }
    }))

  test("of one id by many at once makes one", (scheduler) =>
    Effect.gen(function* () {
      const request = { ...news, id: "mine", delay: 1000 }
      const results = yield* Effect.all(
        Array.from({ length: 50 }, () => scheduler.create(request)),
        { concurrency: "unbounded" }
      )
      expect(results.filter(({ isNew }) => isNew)).toHaveLength(1)
    }))

  test("is refused with every problem, and nothing is kept", (scheduler) =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(
        scheduler.create({ channels: [], cron: "99 * * * *", timeZone: "Mars/Olympus", data, maxRuns: 0 })
      )
      expect(failure._tag === "ScheduleInvalid" && failure.problems.map(({ where }) => where).sort()).toEqual(
        ["channels", "cron", "maxRuns", "timeZone"]
      )
      expect((yield* scheduler.list({ limit: 10 })).items).toEqual([])
    }))

  test(
    "beyond schedules.max is refused, until others have gone",
    (scheduler, world) =>
      Effect.gen(function* () {
        yield* scheduler.create({ ...news, id: "a", delay: 1000 })
        yield* scheduler.create({ ...news, id: "b", delay: "30 days" })
        expect(yield* tagOf(scheduler.create({ ...news, id: "c", delay: 1000 }))).toBe("TooManySchedules")
        expect((yield* scheduler.create({ ...news, id: "b", delay: "30 days" })).isNew).toBe(false)
        yield* TestClock.adjust("3 hours")
        expect((yield* scheduler.create({ ...news, id: "c", delay: 1000 })).isNew).toBe(true)
        expect(yield* tagOf(scheduler.get("a"))).toBe("ScheduleUnknown")
        world.beforeCommit = () => world.fail
        expect(yield* tagOf(scheduler.create({ ...news, id: "d", delay: 1000 }))).toBe("TooManySchedules")
      }),
    { schedules: { max: 2 }, receipts: { retention: "1 hour" } }
  )

  test(
    "that the store cannot keep leaves its place to others",
    (scheduler, world) =>
      Effect.gen(function* () {
        world.beforeCommit = () => world.fail
        for (let times = 0; times < 3; times++)
          expect(yield* tagOf(scheduler.create({ ...news, delay: 1000 }))).toBe("StoreFailed")
        world.revive()
        expect((yield* scheduler.create({ ...news, delay: 1000 })).isNew).toBe(true)
      }),
    { schedules: { max: 1 } }
  )
})

describe("what there is not", () => {
  test("is unknown to everything, however long its id", (scheduler) =>
    Effect.gen(function* () {
      for (const id of ["nothing", "", "\ud800", "ä".repeat(1000), "x".repeat(100_000)]) {
        const asked = [
          scheduler.get(id),
          scheduler.pause(id),
          scheduler.resume(id),
          scheduler.cancel(id),
          scheduler.runNow(id),
          scheduler.update(id, { about: "x" }),
          scheduler.runs(id, { limit: 1 })
        ]
        for (const one of asked)
          expect(yield* tagOf<unknown, { readonly _tag: string }>(one)).toBe("ScheduleUnknown")
      }
    }))
})

describe("pausing and resuming", () => {
  test("sends nothing in between, and catches nothing up", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "p", every: 1000, catchUp: "all" })
      yield* TestClock.adjust(1500)
      expect(yield* scheduler.pause("p")).toMatchObject({ state: "paused", due: undefined, revision: 2 })
      expect(yield* scheduler.pause("p")).toMatchObject({ revision: 2 })
      yield* TestClock.adjust(60_000)
      expect(yield* scheduler.resume("p")).toMatchObject({
        state: "scheduled",
        due: START + 62_000,
        revision: 3
      })
      expect(yield* scheduler.resume("p")).toMatchObject({ revision: 3 })
      yield* TestClock.adjust(1000)
      expect(world.times).toEqual([1000, 62_000])
    }))

  test("one that has no due time any more is over", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "p", delay: 1000 })
      yield* scheduler.pause("p")
      yield* TestClock.adjust(2000)
      expect(yield* scheduler.resume("p")).toMatchObject({ state: "completed" })
      expect(world.published).toEqual([])
    }))

  test("what is over can be neither paused nor changed nor run, whatever its gate", (scheduler, world) =>
    Effect.gen(function* () {
      world.connections = 0
      yield* scheduler.create({ ...news, id: "p", delay: 1000, minConnections: 1 })
      expect(yield* scheduler.cancel("p")).toMatchObject({ state: "cancelled", due: undefined })
      expect(yield* scheduler.cancel("p")).toMatchObject({ state: "cancelled", revision: 2 })
      const asked = [
        scheduler.pause("p"),
        scheduler.resume("p"),
        scheduler.runNow("p"),
        scheduler.update("p", { about: "" })
      ]
      for (const one of asked)
        expect(yield* tagOf<unknown, { readonly _tag: string }>(one)).toBe("ScheduleConflict")
      expect(scheduler.nextOf(yield* scheduler.get("p"), 5)).toEqual([])
      expect((yield* scheduler.runs("p", { limit: 5 })).items).toEqual([])
    }))
})

describe("changing", () => {
  test("what it does leaves when it does it", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: 1000, tags: { a: "b" } })
      yield* TestClock.adjust(500)
      const changed = yield* scheduler.update("c", { data: Buffer.from('"new"'), revision: 1 })
      expect(changed).toMatchObject({ revision: 2, due: START + 1000, tags: { a: "b" } })
      yield* TestClock.adjust(500)
      expect(world.texts()).toEqual(['"new"'])
    }))

  test("when it does it begins at once", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: "1 hour" })
      yield* TestClock.adjust(500)
      yield* scheduler.update("c", { every: 1000 })
      yield* scheduler.update("c", { maxRuns: 2 })
      yield* TestClock.adjust("1 day")
      expect(world.published).toHaveLength(2)
    }))

  test("needs the right revision, where one is named, and a possible change", (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: 1000 })
      expect(yield* tagOf(scheduler.update("c", { about: "x", revision: 7 }))).toBe("ScheduleConflict")
      expect(yield* tagOf(scheduler.update("c", { channels: [] }))).toBe("ScheduleInvalid")
      expect(yield* scheduler.get("c")).toMatchObject({ revision: 1, about: "" })
    }))

  test("that changes nothing is no change: neither a revision nor a commit", (scheduler, world) =>
    Effect.gen(function* () {
      const request = { ...news, id: "c", every: 1000, tags: { a: "b" } }
      const { schedule } = yield* scheduler.create(request)
      const { commits } = world
      yield* TestClock.adjust(500)
      const { id: _, ...same } = request
      for (const change of [{}, { revision: 1 }, same, { end: null, maxRuns: null, about: null }])
        expect(yield* scheduler.update("c", change)).toEqual(schedule)
      expect(world.commits).toBe(commits)
      expect(yield* scheduler.update("c", { tags: null })).toMatchObject({ revision: 2 })
      expect((yield* scheduler.get("c")).tags).toBeUndefined()
    }))

  test("its end, and taking that away again, changes how long it goes on", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: 1000, end: START + 2500 })
      yield* TestClock.adjust(1500)
      expect((yield* scheduler.update("c", { end: null })).trigger).not.toHaveProperty("end")
      yield* TestClock.adjust(3000)
      expect(world.times).toEqual([1000, 2000, 3000, 4000])
    }))

  test("leaves one that is paused paused", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: 1000 })
      yield* scheduler.pause("c")
      expect(yield* scheduler.update("c", { every: 500 })).toMatchObject({ state: "paused", due: undefined })
      yield* TestClock.adjust(5000)
      expect(world.published).toEqual([])
      expect(scheduler.nextOf(yield* scheduler.get("c"), 2)).toEqual([START + 5000, START + 5500])
    }))

  test("that leaves nothing due is refused, and nothing is changed", (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", every: 1000, start: START + 1000 })
      yield* TestClock.adjust(3000)
      const changes = [{ at: START + 2000 }, { delay: 0 }, { end: START + 3001 }]
      for (const [index, where] of ["at", "delay", "end"].entries()) {
        const failure = yield* Effect.flip(scheduler.update("c", changes[index]!))
        expect(failure).toMatchObject({
          _tag: "ScheduleInvalid",
          problems: [{ where, message: "leaves nothing to do: all its due times have been dealt with" }]
        })
      }
      expect(yield* scheduler.get("c")).toMatchObject({ state: "scheduled", due: START + 4000, revision: 1 })
      expect(yield* scheduler.update("c", { at: START + 3001 })).toMatchObject({ due: START + 3001 })
    }))

  test("makes no run late that waits: neither by less jitter nor by another end", (scheduler, world) =>
    Effect.gen(function* () {
      const request = { ...news, jitter: "1 hour", catchUp: "skip" } as const
      yield* scheduler.create({ ...request, id: "once", at: START + 1000 })
      yield* scheduler.create({ ...request, id: "daily", cron: "0 0 * * *", start: START })
      yield* TestClock.adjust(13_000)
      const now = START + 13_000
      const { fireAt } = yield* scheduler.get("daily")
      expect(world.published).toEqual([])
      expect(yield* scheduler.update("daily", { end: "2031-01-01T00:00:00Z" })).toMatchObject({
        due: START,
        fireAt
      })
      expect(yield* scheduler.update("daily", { jitter: 0 })).toMatchObject({ due: START, fireAt: now })
      expect(yield* scheduler.update("once", { jitter: 0 })).toMatchObject({
        due: START + 1000,
        fireAt: now
      })
      yield* TestClock.adjust(1000)
      expect(world.times).toEqual([13_000, 13_000])
      expect((yield* scheduler.runs("once", { limit: 5 })).items).toMatchObject([{ outcome: "sent" }])
    }))

  test("to a trigger without the due time that waits begins from now on", (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "c", cron: "0 0 * * *", start: START, jitter: "1 hour" })
      yield* TestClock.adjust(13_500)
      expect(yield* scheduler.update("c", { cron: "*/5 * * * * *" })).toMatchObject({ due: START + 15_000 })
    }))
})

describe("running now", () => {
  test("is one run more, under a key of its own, and leaves the due time alone", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({
        channels: ["news"],
        template: '"{{run}} {{id}}"',
        id: "r",
        every: 1000,
        maxRuns: 3
      })
      yield* TestClock.adjust(500)
      const run = yield* scheduler.runNow("r")
      expect(run).toMatchObject({ outcome: "sent", number: 1, isAsked: true, due: START + 500 })
      expect(world.published).toMatchObject([{ key: `run:${run.id}`, text: `"1 ${run.id}"` }])
      expect(yield* scheduler.get("r")).toMatchObject({ state: "scheduled", due: START + 1000, runs: 1 })
      yield* TestClock.adjust("1 minute")
      expect(world.times).toEqual([500, 1000, 2000])
      expect(yield* scheduler.get("r")).toMatchObject({ state: "completed", runs: 3 })
    }))

  test("works while it is paused, may be its last run, and is held back by the gate", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "r", every: 1000, maxRuns: 1, minConnections: 5 })
      yield* scheduler.pause("r")
      world.connections = 4
      expect(yield* scheduler.runNow("r")).toMatchObject({
        outcome: "gated",
        number: 0,
        detail: "4 of 5 connections"
      })
      world.connections = 5
      expect(yield* scheduler.runNow("r")).toMatchObject({ outcome: "sent", number: 1 })
      expect(yield* scheduler.get("r")).toMatchObject({ state: "completed" })
      expect((yield* scheduler.runs("r", { limit: 5 })).items.map(({ outcome }) => outcome)).toEqual([
        "sent",
        "gated"
      ])
    }))

  test("that fails says so, and the schedule goes on", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "r", every: "1 hour" })
      world.meets = () => world.unavailable
      const running = yield* Effect.forkChild(scheduler.runNow("r"), { startImmediately: true })
      yield* TestClock.adjust(5000)
      expect(running.pollUnsafe()).toMatchObject({
        value: { outcome: "failed", detail: "1 of 1 channels got nothing: news: down" }
      })
      expect(yield* scheduler.get("r")).toMatchObject({ state: "scheduled", runs: 1 })
      expect(world.logs.texts("Warn")).toEqual([
        "schedule r: run 1 failed: 1 of 1 channels got nothing: news: down"
      ])
    }))
})

describe("looking ahead", () => {
  test("previews without making anything", (scheduler) =>
    Effect.gen(function* () {
      expect(yield* scheduler.preview({ cron: "0 9 * * 1-5", timeZone: "Asia/Tokyo" }, 2)).toEqual([
        Date.parse("2030-01-01T09:00:00+09:00"),
        Date.parse("2030-01-02T09:00:00+09:00")
      ])
      expect(yield* scheduler.preview({ every: 1000, maxRuns: 2 }, 5)).toEqual([START + 1000, START + 2000])
      expect(yield* scheduler.preview({ at: START + 5 }, 5)).toEqual([START + 5])
      expect(yield* tagOf(scheduler.preview({ every: 1 }, 5))).toBe("ScheduleInvalid")
      expect((yield* scheduler.list({ limit: 1 })).items).toEqual([])
    }))

  test("tells the next due times of a schedule, as many as it has runs left", (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "n", every: 1000, maxRuns: 3 })
      yield* TestClock.adjust(1500)
      expect(scheduler.nextOf(yield* scheduler.get("n"), 5)).toEqual([START + 2000, START + 3000])
      expect(yield* scheduler.check({ id: "n", every: 1, about: "x" })).toMatchObject([{ where: "every" }])
    }))
})

describe("runs", () => {
  test("are listed without receipts that cannot be read, which are not asked for one after the other", (scheduler, world) =>
    Effect.gen(function* () {
      yield* scheduler.create({ ...news, id: "often", every: 1000 })
      yield* TestClock.adjust(100_000)
      let asked = 0
      world.beforeReceipt = () =>
        Effect.suspend(() => {
          asked++
          return Effect.andThen(Effect.sleep(2000), world.fail)
        })
      const listing = yield* Effect.forkChild(scheduler.runs("often", { limit: 100 }), {
        startImmediately: true
      })
      yield* TestClock.adjust(2000)
      const { items } = yield* Fiber.join(listing)
      expect(items.length).toBeGreaterThan(90)
      expect(items.every(({ receipt }) => receipt === null)).toBe(true)
      expect(asked).toBeLessThan(20)
    }))
})
