import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { ActorTree } from "../../../src/services/ActorTree.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { REPEAT_WITHIN_MS } from "../../../src/services/schedules/publishRun.ts"
import { newStore, ScheduleWorld, START } from "../../support/schedules/ScheduleWorld.ts"

const data = Buffer.from('"hello"')
const news = { channels: ["news"], data }

const test = (
  name: string,
  body: (world: ScheduleWorld) => Effect.Effect<void, unknown, Scope.Scope>,
  settings: Settings<ServerConfigValue> = {}
) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      yield* body(new ScheduleWorld(yield* newStore, settings))
    })
  )

const outcomesOf = Effect.fnUntraced(function* (process: Process, id: string) {
  return (yield* process.store.runs(id, { limit: 1000 })).items.map(({ outcome }) => outcome)
})

type Process = Effect.Success<ScheduleWorld["process"]>

describe("the timer of schedules", () => {
  test("publishes at the due time, and records the run", (world) =>
    Effect.gen(function* () {
      const { scheduler, store } = yield* world.process
      const { schedule } = yield* scheduler.create({ ...news, delay: 5000, tags: { a: "b" } })
      yield* TestClock.adjust(4999)
      expect(world.published).toEqual([])
      yield* TestClock.adjust(1)
      const due = START + 5000
      expect(world.published).toMatchObject([
        { channel: "news", text: '"hello"', at: 5000, key: `schedule:${schedule.id}:${due}` }
      ])
      expect(world.published[0]?.options.tags).toEqual({ a: "b" })
      expect(yield* store.get(schedule.id)).toMatchObject({ state: "completed", runs: 1, records: 1 })
      const { items } = yield* scheduler.runs(schedule.id, { limit: 10 })
      expect(items).toMatchObject([{ outcome: "sent", number: 1, due, startedAt: due, receipt: null }])
      expect(world.receipts).toEqual([
        { id: items[0]?.id, kind: "schedule", channels: ["news"], schedule: schedule.id }
      ])
      expect(world.logs.texts("Info")).toEqual([`schedule ${schedule.id}: run 1 sent`])
    }))

  test("something sooner that is created while it sleeps is met to the millisecond", (world) =>
    Effect.gen(function* () {
      const { scheduler } = yield* world.process
      yield* scheduler.create({ ...news, delay: 900 })
      yield* TestClock.adjust(100)
      yield* scheduler.create({ ...news, delay: 33 })
      yield* scheduler.create({ ...news, delay: 0 })
      yield* TestClock.adjust(2000)
      expect(world.times).toEqual([100, 133, 900])
    }))

  describe("while its turn is taken, what comes due is met when it is free:", () => {
    test("created under an id of the caller's", (world) =>
      Effect.gen(function* () {
        const { runs, scheduler } = yield* world.process
        yield* TestClock.adjust(100)
        const theTurn = yield* Deferred.make<void>()
        const holding = yield* Effect.forkChild(runs.turns.run("mine", Deferred.await(theTurn)), {
          startImmediately: true
        })
        const creating = yield* Effect.forkChild(scheduler.create({ ...news, id: "mine", delay: 0 }), {
          startImmediately: true
        })
        yield* Deferred.done(theTurn, Exit.void)
        yield* Fiber.join(holding)
        yield* Fiber.join(creating)
        yield* TestClock.adjust(0)
        expect(world.times).toEqual([100])
      }))

    test("moved to now", (world) =>
      Effect.gen(function* () {
        const { scheduler } = yield* world.process
        yield* scheduler.create({ ...news, id: "moved", every: "1 hour" })
        yield* TestClock.adjust(100)
        yield* scheduler.update("moved", { delay: 0 })
        yield* TestClock.adjust(0)
        expect(world.times).toEqual([100])
      }))

    test("due while it runs beside its due times", (world) =>
      Effect.gen(function* () {
        const { runs, scheduler } = yield* world.process
        yield* scheduler.create({ ...news, id: "asked", delay: 1000 })
        yield* TestClock.adjust(990)
        world.meets = () => Effect.sleep(20)
        const asking = yield* Effect.forkChild(scheduler.runNow("asked"), { startImmediately: true })
        yield* TestClock.adjust(20)
        yield* Fiber.join(asking)
        // The other one has begun at once.
        yield* TestClock.adjust(20)
        expect(world.times).toEqual([1010, 1030])
        expect(runs.turns.size).toBe(0)
      }))

    test("held by somebody who changes nothing, with others waiting behind", (world) =>
      Effect.gen(function* () {
        const { runs, scheduler } = yield* world.process
        yield* scheduler.create({ ...news, id: "held", delay: 1000 })
        const hold = () =>
          Effect.forkChild(runs.turns.run("held", Effect.sleep(505)), { startImmediately: true })
        yield* TestClock.adjust(500)
        const holding = [yield* hold(), yield* hold()]
        yield* TestClock.adjust(2000)
        yield* Effect.forEach(holding, Fiber.join)
        expect(world.times).toEqual([1510])
      }))

    test("held by one after the other, who come faster than it is free", (world) =>
      Effect.gen(function* () {
        const { runs, scheduler } = yield* world.process
        yield* scheduler.create({ ...news, id: "wanted", delay: 1000 })
        const hold: Effect.Effect<unknown> = Effect.suspend(() =>
          Effect.forkDetach(runs.turns.run("wanted", Effect.andThen(hold, Effect.sleep(100))), {
            startImmediately: true
          })
        )
        yield* TestClock.adjust(950)
        yield* hold
        yield* TestClock.adjust(1000)
        // One had waited before it came due.
        expect(world.times).toEqual([1150])
      }))
  })

  test("keeps a fixed rate, fills in templates, and ends after maxRuns", (world) =>
    Effect.gen(function* () {
      const { scheduler, store } = yield* world.process
      yield* scheduler.create({
        id: "rate",
        channels: ["a", "b"],
        every: "10 seconds",
        maxRuns: 3,
        template: '{"run":"{{run}}","due":"{{due}}"}'
      })
      yield* TestClock.adjust("1 minute")
      expect(world.texts("b")).toEqual([
        '{"run":1,"due":"2030-01-01T00:00:10.000Z"}',
        '{"run":2,"due":"2030-01-01T00:00:20.000Z"}',
        '{"run":3,"due":"2030-01-01T00:00:30.000Z"}'
      ])
      expect(world.texts("a")).toEqual(world.texts("b"))
      expect(yield* store.get("rate")).toMatchObject({ state: "completed", runs: 3 })
    }))

  test(
    "meets cron in a zone for years, in steps, once for each due time",
    (world) =>
      Effect.gen(function* () {
        world.longestSleep = 86_400_000
        const { scheduler, store } = yield* world.process
        yield* scheduler.create({
          ...news,
          id: "cron",
          cron: "30 2 1 * *",
          timeZone: "Europe/Berlin",
          maxRuns: 36
        })
        for (let month = 0; month < 37; month++) yield* TestClock.adjust("31 days")
        expect(world.published).toHaveLength(36)
        expect(new Set(world.published.map(({ key }) => key)).size).toBe(36)
        const hours = new Set(world.published.map(({ at }) => new Date(START + at).toISOString().slice(11)))
        expect([...hours].sort()).toEqual(["00:30:00.000Z", "01:30:00.000Z"])
        expect((yield* store.get("cron"))?.state).toBe("completed")
      }),
    { receipts: { retention: "100 days" } }
  )

  test("holds a run back where there are too few connections, which is no run", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      world.connections = 4
      yield* process.scheduler.create({ ...news, id: "gate", every: 1000, minConnections: 5, maxRuns: 1 })
      yield* TestClock.adjust(2000)
      expect(world.published).toEqual([])
      world.connections = 5
      yield* TestClock.adjust(2000)
      expect(world.times).toEqual([3000])
      expect(yield* outcomesOf(process, "gate")).toEqual(["sent", "gated", "gated"])
    }))

  test("1000 of one millisecond are all published, in few commits and few lines", (world) =>
    Effect.gen(function* () {
      const { scheduler, store } = yield* world.process
      const many = Array.from({ length: 1000 }, (_, index) => index)
      yield* Effect.forEach(many, () => scheduler.create({ ...news, delay: 1000 }), { discard: true })
      const before = world.commits
      yield* TestClock.adjust(1000)
      yield* world.until(() => world.published.length === 1000)
      yield* TestClock.adjust(2000)
      expect(world.times).toEqual(Array.from({ length: 1000 }, () => 1000))
      expect(new Set(world.published.map(({ key }) => key)).size).toBe(1000)
      expect(yield* store.figures).toEqual({ schedules: 1000, pending: 0, ended: 1000, openRuns: 0 })
      // A hundred in each, marks and records.
      expect(world.commits - before).toBe(20)
      expect(world.logs.lines.length).toBeLessThan(15)
      expect(world.logs.texts().at(-1)).toMatch(/^more runs of schedules: \d+ sent$/)
    }))

  test("a channel that hangs holds no other up, and its run fails in the end", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      world.meets = (channel) => (channel === "stuck" ? Effect.never : Effect.void)
      yield* process.scheduler.create({ id: "stuck", channels: ["stuck", "news"], data, delay: 1000 })
      yield* process.scheduler.create({ ...news, id: "other", every: 1000, maxRuns: 60 })
      yield* TestClock.adjust(5000)
      expect(world.times).toEqual([1000, 1000, 2000, 3000, 4000, 5000])
      yield* TestClock.adjust(60_000)
      expect(world.texts("news")).toHaveLength(61)
      const [run] = (yield* process.store.runs("stuck", { limit: 1 })).items
      expect(run).toMatchObject({
        outcome: "failed",
        detail: expect.stringContaining("stuck: it does not answer")
      })
      expect(yield* process.store.get("stuck")).toMatchObject({ state: "failed", failure: run?.detail })
    }))

  test("a broker that is away for a moment is asked again", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      world.meets = () => world.unavailable
      yield* process.scheduler.create({ ...news, id: "again", delay: 1000 })
      yield* TestClock.adjust(1250)
      world.meets = () => Effect.void
      yield* TestClock.adjust(5000)
      expect(world.times).toEqual([1300])
      expect(yield* outcomesOf(process, "again")).toEqual(["sent"])
    }))

  test("over NATS a broker that is away is asked as long as it surely knows the run's key, and no longer", (alone) =>
    Effect.gen(function* () {
      const world = new ScheduleWorld(alone.store, { broker: { type: "nats" } })
      const process = yield* world.process
      world.meets = () => world.unavailable
      yield* process.scheduler.create({ ...news, id: "long", delay: 1000 })
      yield* TestClock.adjust(61_000)
      world.meets = () => Effect.void
      yield* TestClock.adjust(1000)
      expect(world.published).toHaveLength(1)
      expect(yield* outcomesOf(process, "long")).toEqual(["sent"])
      world.meets = () => world.unavailable
      yield* process.scheduler.create({ ...news, id: "forgotten", delay: 1000 })
      yield* TestClock.adjust(REPEAT_WITHIN_MS)
      expect(yield* outcomesOf(process, "forgotten")).toEqual(["sending"])
      yield* TestClock.adjust(5000)
      expect(yield* outcomesOf(process, "forgotten")).toEqual(["failed"])
      expect(world.published).toHaveLength(1)
    }))

  test("while the store is full nothing is sent that could not be marked; afterwards it is", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "full", delay: 1000 })
      world.beforeCommit = () => world.fail
      yield* TestClock.adjust(4500)
      expect(world.published).toEqual([])
      expect(world.logs.texts("Warn")).toEqual(["schedules wait, for the store fails: no space left"])
      expect((yield* Effect.flip(process.scheduler.pause("full")))._tag).toBe("StoreFailed")
      world.revive()
      yield* TestClock.adjust(1000)
      expect(world.published).toHaveLength(1)
      expect(yield* outcomesOf(process, "full")).toEqual(["sent"])
    }))

  test("an outcome that cannot be recorded is recorded as soon as it can, and not sent again", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "late", every: 1000, maxRuns: 2 })
      world.afterPublish = () =>
        Effect.sync(() => {
          world.beforeCommit = () => world.fail
        })
      yield* TestClock.adjust(1500)
      expect(yield* outcomesOf(process, "late")).toEqual(["sending"])
      world.revive()
      yield* TestClock.adjust(5000)
      expect(world.published).toHaveLength(2)
      expect(yield* outcomesOf(process, "late")).toEqual(["sent", "sent"])
    }))

  test("a crash is logged, and it starts again without losing anything", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "crash", delay: 1000 })
      world.beforeCommit = () => Effect.die(new Error("a bug"))
      yield* TestClock.adjust(1500)
      world.revive()
      expect(world.logs.texts("Error")).toEqual(["the timer of schedules crashed and starts anew"])
      yield* TestClock.adjust(1000)
      expect(world.published).toHaveLength(1)
    }))

  test("shows itself in the tree", (world) =>
    Effect.gen(function* () {
      const { context } = yield* world.process
      const below = Context.get(context, ActorTree).below("primary")
      yield* TestClock.adjust(0)
      expect((yield* below).map(({ name, state }) => [name, state])).toEqual([["scheduler", "waiting"]])
      world.beforeCommit = () => world.fail
      yield* Context.get(context, ActorTree).snapshot
    }))
})

describe("a clock that is set", () => {
  const LATE = { schedules: { lateness: "10 seconds" } }

  test(
    "forward by little is no matter, by more is told, and what it passed is caught up",
    (world) =>
      Effect.gen(function* () {
        const process = yield* world.process
        yield* process.scheduler.create({ ...news, id: "once", every: "5 seconds", catchUp: "once" })
        yield* process.scheduler.create({ ...news, id: "skip", every: "5 seconds", catchUp: "skip" })
        yield* TestClock.adjust(6000)
        expect(world.published).toHaveLength(2)
        world.setBy = 3_600_000
        yield* TestClock.adjust(1000)
        expect(world.logs.texts("Warn")).toEqual([
          "the clock jumped forward by 3600 seconds: what it passed is caught up"
        ])
        const outcomes = yield* outcomesOf(process, "skip")
        expect(outcomes.filter((outcome) => outcome === "skipped")).toHaveLength(1)
        expect(outcomes.filter((outcome) => outcome === "sent").length).toBeLessThan(5)
        const keys = world.published.map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
      }),
    LATE
  )

  test("back is told, and no due time runs twice", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "back", every: 1000 })
      yield* TestClock.adjust(5000)
      world.setBy = -3000
      yield* TestClock.adjust(3000)
      expect(world.published).toHaveLength(5)
      expect(world.logs.texts("Warn")).toEqual([
        "the clock was set back by 3 seconds: nothing runs a second time"
      ])
      yield* world.inside(process.scheduler.pause("back"))
      yield* world.inside(process.scheduler.resume("back"))
      yield* TestClock.adjust(2000)
      const keys = world.published.map(({ key }) => key)
      expect(keys).toEqual(
        Array.from({ length: 7 }, (_, index) => `schedule:back:${START + (index + 1) * 1000}`)
      )
    }))
})

describe("a process that was away", () => {
  const away = (world: ScheduleWorld, catchUp: "skip" | "once" | "all") =>
    Effect.gen(function* () {
      const first = yield* world.process
      yield* first.scheduler.create({ ...news, id: "away", every: "1 minute", catchUp })
      yield* TestClock.adjust("1 minute")
      yield* first.end
      yield* TestClock.adjust(3_628_000)
      const second = yield* world.process
      yield* TestClock.adjust(10)
      yield* world.until(() => second.runs.underWay() === 0 && second.runs.turns.size === 0)
      yield* TestClock.adjust(10)
      return second
    })

  test("skips what it missed", (world) =>
    Effect.gen(function* () {
      const process = yield* away(world, "skip")
      expect(world.published).toHaveLength(1)
      expect((yield* process.store.runs("away", { limit: 1 })).items).toMatchObject([
        { outcome: "skipped", number: 0, detail: "nobody could send 60 times in time" }
      ])
      yield* TestClock.adjust("1 minute")
      expect(world.published).toHaveLength(2)
    }))

  test("sends the last one once", (world) =>
    Effect.gen(function* () {
      const process = yield* away(world, "once")
      expect(world.published.map(({ key }) => key)).toEqual(
        [1, 61].map((at) => `schedule:away:${START + at * 60_000}`)
      )
      expect(yield* outcomesOf(process, "away")).toEqual(["sent", "skipped", "sent"])
    }))

  test(
    "sends all of them, in order, within the bound",
    (world) =>
      Effect.gen(function* () {
        const process = yield* away(world, "all")
        yield* world.until(() => world.published.length >= 21)
        yield* TestClock.adjust(10)
        const times = [1, ...Array.from({ length: 20 }, (_, index) => index + 42)]
        expect(world.published.map(({ key }) => key)).toEqual(
          times.map((at) => `schedule:away:${START + at * 60_000}`)
        )
        const outcomes = yield* outcomesOf(process, "away")
        expect(outcomes.filter((outcome) => outcome === "skipped")).toHaveLength(1)
        expect((yield* process.store.get("away"))?.runs).toBe(21)
      }),
    { schedules: { catchUpRuns: 20 } }
  )

  test("what is on time does not wait for thousands that are late", (world) =>
    Effect.gen(function* () {
      const first = yield* world.process
      for (let index = 0; index < 3000; index++) yield* first.scheduler.create({ ...news, delay: 1000 })
      yield* first.scheduler.create({ channels: ["prompt"], data, at: START + 3_600_000 })
      world.kill()
      yield* TestClock.adjust(3_600_000)
      world.revive()
      yield* world.process
      yield* TestClock.adjust(10)
      yield* world.until(() => world.published.length >= 3001)
      expect(world.published.findIndex(({ channel }) => channel === "prompt")).toBeLessThan(1500)
    }))
})

describe("a process that is killed", () => {
  /** Where it dies: before and after the mark, after the publication, before and after the record. */
  const points = [
    "before the mark",
    "after the mark",
    "after publishing",
    "before the record",
    "after the record"
  ] as const

  const killAt = (world: ScheduleWorld, point: (typeof points)[number]) => {
    let commits = 0
    const die = (here: (typeof points)[number]) =>
      Effect.suspend(() => {
        if (here !== point) return Effect.void
        world.kill()
        return Effect.never
      })
    world.beforeCommit = () => die(++commits === 1 ? "before the mark" : "before the record")
    world.afterCommit = () => die(commits === 1 ? "after the mark" : "after the record")
    world.afterPublish = () => die("after publishing")
  }

  for (const point of points)
    test(`${point}: durable channels get the publication exactly once`, (world) =>
      Effect.gen(function* () {
        const first = yield* world.process
        yield* first.scheduler.create({
          channels: ["durable:a", "durable:b"],
          data,
          id: "exact",
          delay: 1000
        })
        killAt(world, point)
        yield* TestClock.adjust(1000)
        world.revive()
        const second = yield* world.process
        yield* TestClock.adjust(5000)
        expect([world.texts("durable:a"), world.texts("durable:b")]).toEqual([['"hello"'], ['"hello"']])
        expect(yield* outcomesOf(second, "exact")).toEqual(["sent"])
        expect(yield* second.store.get("exact")).toMatchObject({ state: "completed", runs: 1 })
        expect(yield* second.store.openRuns).toEqual([])
      }))

  for (const point of points)
    test(`${point}: other channels get it at most once, and the run says so`, (world) =>
      Effect.gen(function* () {
        const first = yield* world.process
        yield* first.scheduler.create({
          channels: ["news", "durable:a"],
          data,
          id: "most",
          every: 1000,
          maxRuns: 2
        })
        killAt(world, point)
        yield* TestClock.adjust(1000)
        const before = world.texts("news").length
        world.revive()
        const second = yield* world.process
        yield* TestClock.adjust(0)
        const isSure = point === "before the mark" || point === "after the record"
        expect(yield* outcomesOf(second, "most")).toEqual([isSure ? "sent" : "interrupted"])
        expect(world.texts("news")).toHaveLength(isSure ? 1 : before)
        yield* TestClock.adjust(5000)
        expect((yield* second.store.get("most"))?.runs).toBe(2)
        const keys = world.published.filter(({ channel }) => channel === "news").map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
      }))

  /** It dies when the run is marked, is away for so long, and comes back. */
  const comeBack = (world: ScheduleWorld, away: Duration.Input, meanwhile: () => void = () => {}) =>
    Effect.gen(function* () {
      const first = yield* world.process
      yield* first.scheduler.create({ channels: ["durable:a"], data, id: "old", delay: 1000 })
      killAt(world, "after the mark")
      yield* TestClock.adjust(1000)
      yield* TestClock.adjust(away)
      world.revive()
      meanwhile()
      const second = yield* world.process
      yield* TestClock.adjust(0)
      return second
    })

  test("just before four minutes after its beginning the run is sent again, for the broker knows", (world) =>
    Effect.gen(function* () {
      const second = yield* comeBack(world, REPEAT_WITHIN_MS - 1)
      expect(world.published).toHaveLength(1)
      expect(yield* outcomesOf(second, "old")).toEqual(["sent"])
    }))

  test("afterwards the broker may have forgotten, so the run is not sent again", (world) =>
    Effect.gen(function* () {
      const second = yield* comeBack(world, REPEAT_WITHIN_MS)
      yield* TestClock.adjust(1000)
      expect(world.published).toEqual([])
      expect(yield* outcomesOf(second, "old")).toEqual(["interrupted"])
      expect(yield* second.store.get("old")).toMatchObject({ state: "failed" })
    }))

  for (const [what, meets] of [
    ["cannot be read", (world: ScheduleWorld) => world.fail],
    ["is not answered", () => Effect.never]
  ] as const) {
    test(`a receipt of before that ${what} holds the run up for some seconds only`, (world) =>
      Effect.gen(function* () {
        const second = yield* comeBack(world, 1000, () => {
          world.beforeReceipt = () => meets(world)
        })
        expect(world.published).toEqual([])
        yield* TestClock.adjust(6000)
        expect(world.times).toEqual([7000])
        expect(yield* outcomesOf(second, "old")).toEqual(["sent"])
      }))

    test(`nor is a run sent again that has become too old while its receipt ${what}`, (world) =>
      Effect.gen(function* () {
        const second = yield* comeBack(world, REPEAT_WITHIN_MS - 1000, () => {
          world.beforeReceipt = () => meets(world)
        })
        yield* TestClock.adjust("1 minute")
        expect(world.published).toEqual([])
        expect(yield* outcomesOf(second, "old")).toEqual(["interrupted"])
      }))
  }

  test("nor is a channel sent to for the first time when it has become too late while others were", (world) =>
    Effect.gen(function* () {
      const first = yield* world.process
      const channels = Array.from({ length: 65 }, (_, at) => `durable:${at}`)
      yield* first.scheduler.create({ channels, data, id: "many", delay: 1000 })
      killAt(world, "after the mark")
      yield* TestClock.adjust(1000)
      yield* TestClock.adjust(REPEAT_WITHIN_MS - 1000)
      world.revive()
      world.meets = () => Effect.never
      yield* world.process
      yield* TestClock.adjust(500)
      expect(world.published).toEqual([])
      world.meets = () => Effect.void
      yield* TestClock.adjust("1 minute")
      expect(world.published).toEqual([])
    }))

  test("nor is it where the broker does not answer until then", (world) =>
    Effect.gen(function* () {
      const second = yield* comeBack(world, REPEAT_WITHIN_MS - 50, () => {
        world.meets = () => world.unavailable
      })
      world.meets = () => Effect.void
      yield* TestClock.adjust(60_000)
      expect(world.published).toEqual([])
      expect((yield* second.store.runs("old", { limit: 1 })).items).toMatchObject([
        {
          outcome: "interrupted",
          detail:
            "the process ended; 1 of 1 channels could not be sent to again: " +
            "durable:a: the broker may not know any more whether it was sent"
        }
      ])
    }))

  test(
    "nor where its channel has become durable only since",
    (world) =>
      Effect.gen(function* () {
        const durable = new ScheduleWorld(world.store)
        const first = yield* world.process
        yield* first.scheduler.create({ channels: ["durable:a"], data, id: "since", delay: 1000 })
        killAt(world, "after publishing")
        yield* TestClock.adjust(1000)
        expect(world.published).toHaveLength(1)
        const second = yield* durable.process
        yield* TestClock.adjust(1000)
        expect(durable.published).toEqual([])
        expect(yield* outcomesOf(second, "since")).toEqual(["interrupted"])
      }),
    { channels: { namespaces: [{ name: "durable", historySize: 10, historyTtl: "1 hour" }] } }
  )

  test("the receipt of a run that is sent again has what was counted before, and stays incomplete", (world) =>
    Effect.gen(function* () {
      world.keepsReceipts = true
      const first = yield* world.process
      yield* first.scheduler.create({ channels: ["durable:a", "durable:b"], data, id: "r", delay: 1000 })
      world.meets = (channel) => (channel === "durable:b" ? Effect.never : Effect.void)
      yield* TestClock.adjust(1100)
      world.kill()
      yield* TestClock.adjust(100)
      world.revive()
      // What was published before is suppressed at the second attempt.
      let asked = 0
      world.meets = (channel) =>
        Effect.suspend(() => (channel === "durable:a" && asked++ === 0 ? world.unavailable : Effect.void))
      const second = yield* world.process
      yield* TestClock.adjust(300)
      expect([asked, world.published.length]).toEqual([2, 2])
      const { items } = yield* second.scheduler.runs("r", { limit: 1 })
      const counted = { eligible: 2, written: 2, isComplete: false }
      expect(items).toMatchObject([{ outcome: "sent", receipt: { ...counted, publishedAt: START + 1000 } }])
      const samples = yield* Context.get(second.context, Metrics).samples
      expect(samples.find(({ name }) => name === "clarion_receipts_open")?.value).toBe(0)
    }))

  test("an accepted change is there afterwards, whatever it was", (world) =>
    Effect.gen(function* () {
      const first = yield* world.process
      for (const id of ["kept", "paused", "cancelled", "changed"])
        yield* first.scheduler.create({ ...news, id, every: 1000 })
      yield* first.scheduler.pause("paused")
      yield* first.scheduler.cancel("cancelled")
      yield* first.scheduler.update("changed", { channels: ["other"] })
      world.kill()
      world.revive()
      const second = yield* world.process
      yield* TestClock.adjust(1000)
      expect(world.published.map(({ channel, key }) => [channel, key.split(":")[1]]).sort()).toEqual([
        ["news", "kept"],
        ["other", "changed"]
      ])
      const states = yield* Effect.forEach(["paused", "cancelled"], (id) => second.scheduler.get(id))
      expect(states.map(({ state }) => state)).toEqual(["paused", "cancelled"])
    }).pipe(Effect.asVoid))
})

describe("changes while a run is under way", () => {
  /** A run that is being published until the test says so. */
  const held = (world: ScheduleWorld, maxRuns?: number) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "held", every: 1000, maxRuns })
      world.meets = () => Effect.sleep(300)
      yield* TestClock.adjust(1000)
      expect((yield* process.store.get("held"))?.state).toBe("sending")
      return process
    })

  const changes = ["pause", "cancel"] as const
  for (const change of changes)
    test(`${change} waits for its end, and nothing comes after it`, (world) =>
      Effect.gen(function* () {
        const { scheduler, store } = yield* held(world)
        const changing = yield* Effect.forkChild(scheduler[change]("held"), { startImmediately: true })
        yield* TestClock.adjust(299)
        expect(changing.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust(1)
        const { state } = yield* Fiber.join(changing)
        expect(state).toBe(change === "pause" ? "paused" : "cancelled")
        yield* TestClock.adjust(5000)
        expect(world.published).toHaveLength(1)
        expect(yield* store.get("held")).toMatchObject({ state, runs: 1 })
        expect((yield* store.runs("held", { limit: 5 })).items).toMatchObject([{ outcome: "sent" }])
      }))

  test("many changes of one schedule happen one after the other, and too many are refused", (world) =>
    Effect.gen(function* () {
      const { scheduler } = yield* held(world)
      const changing = yield* Effect.forEach(
        Array.from({ length: 120 }, (_, index) => index),
        (index) =>
          Effect.forkChild(Effect.result(scheduler.update("held", { about: `${index}` })), {
            startImmediately: true
          })
      )
      yield* TestClock.adjust(300)
      const results = yield* Effect.forEach(changing, Fiber.join)
      const failed = results.flatMap((result) => (result._tag === "Failure" ? [result.failure._tag] : []))
      expect(failed).toEqual(Array.from({ length: 20 }, () => "ScheduleBusy"))
      expect(yield* scheduler.get("held")).toMatchObject({ about: "99", revision: 101 })
    }))

  test("a caller who goes away cuts no run off", (world) =>
    Effect.gen(function* () {
      const process = yield* world.process
      yield* process.scheduler.create({ ...news, id: "asked", cron: "0 0 2 1 *" })
      world.meets = () => Effect.sleep(300)
      const asking = yield* Effect.forkChild(process.scheduler.runNow("asked"), { startImmediately: true })
      yield* TestClock.adjust(100)
      yield* Fiber.interrupt(asking)
      yield* TestClock.adjust(1000)
      expect(yield* outcomesOf(process, "asked")).toEqual(["sent"])
      expect(yield* process.store.openRuns).toEqual([])
    }))
})
