/** Due times that wait when somebody changes, pauses or cancels their schedule: each of them has a run, or is counted in a record. */
import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import type { Schedule } from "../../../../src/services/schedules/Schedule.ts"
import type { ScheduleRequest, Scheduler } from "../../../../src/services/schedules/Scheduler.ts"
import { newStore, ScheduleWorld, START } from "../../../support/schedules/ScheduleWorld.ts"

type Service = Scheduler["Service"]

const SECOND = 1000
const request = {
  id: "mine",
  channels: ["news"],
  data: Buffer.from("1"),
  every: SECOND,
  catchUp: "all"
} satisfies ScheduleRequest

/** Somebody has the schedule's turn while ten due times come, and `ask` is next. What was recorded of the first 69.5 seconds. */
const whileTenWait = (
  ask: (scheduler: Service) => Effect.Effect<Schedule, unknown>,
  more: Partial<ScheduleRequest> = {}
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(START)
    const world = new ScheduleWorld(yield* newStore)
    const { scheduler, runs, end } = yield* world.process
    yield* scheduler.create({ ...request, ...more })
    const theTurn = yield* Deferred.make<void>()
    yield* Effect.forkChild(runs.turns.run("mine", Deferred.await(theTurn)), { startImmediately: true })
    const asking = yield* Effect.forkChild(ask(scheduler), { startImmediately: true })
    yield* TestClock.adjust(10 * SECOND)
    yield* Deferred.succeed(theTurn, undefined)
    const schedule = yield* Fiber.join(asking)
    // In steps: what one due time brings about is over when the next one comes.
    for (let step = 0; step < 595; step++) yield* TestClock.adjust(0.1 * SECOND)
    const { items } = yield* scheduler.runs("mine", { limit: 1000 })
    const records = items
      .map(({ due, outcome, detail }) => [(due - START) / SECOND, outcome, detail] as const)
      .reverse()
    const counted = runs.log.samples.find(({ labels }) => labels?.outcome === "skipped")?.value
    yield* end
    return { schedule, records, counted }
  })

const seconds = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at)
const sent = (dues: ReadonlyArray<number>) => dues.map((due) => [due, "sent", undefined])

describe("due times that wait", () => {
  it.effect("and that another trigger does not have are recorded as one that was skipped", () =>
    Effect.gen(function* () {
      const found = yield* whileTenWait((scheduler) => scheduler.update("mine", { every: 20_000 }))
      expect(found.schedule).toMatchObject({
        due: START + 21_000,
        lastDue: START + 10_000,
        records: 1,
        runs: 0
      })
      expect(found.records).toEqual([
        [10, "skipped", "it was changed while 10 due times waited"],
        ...sent([21, 41, 61])
      ])
      expect(found.counted).toBe(1)
    })
  )

  it.effect("stay where the trigger only ends sooner or later, and are caught up", () =>
    Effect.gen(function* () {
      const end = START + 13 * SECOND
      const { records } = yield* whileTenWait((scheduler) => scheduler.update("mine", { end }))
      expect(records).toEqual(sent(seconds(1, 12)))
    })
  )

  it.effect("stay where the end is taken away", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait((scheduler) => scheduler.update("mine", { end: null }), {
        end: START + 20 * SECOND
      })
      expect(records).toEqual(sent(seconds(1, 69)))
    })
  )

  it.effect("stay whatever else is changed", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait((scheduler) => scheduler.update("mine", { about: "it" }))
      expect(records).toEqual(sent(seconds(1, 69)))
    })
  )

  it.effect("are recorded before one that is due now, which is run", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait((scheduler) =>
        scheduler.update("mine", { every: 30 * SECOND, start: START + 10 * SECOND })
      )
      expect(records).toEqual([[9, "skipped", "it was changed while 9 due times waited"], ...sent([10, 40])])
    })
  )

  it.effect("are recorded when the schedule is paused, and do not come when it goes on", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait((scheduler) =>
        Effect.andThen(scheduler.pause("mine"), scheduler.resume("mine"))
      )
      expect(records).toEqual([
        [10, "skipped", "it was paused while 10 due times waited"],
        ...sent(seconds(11, 69))
      ])
    })
  )

  it.effect("are recorded when the schedule is cancelled", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait((scheduler) => scheduler.cancel("mine"))
      expect(records).toEqual([[10, "skipped", "it was cancelled while 10 due times waited"]])
    })
  )

  it.effect("one that waits for its jitter and that another trigger does not have is recorded, too", () =>
    Effect.gen(function* () {
      const { records } = yield* whileTenWait(
        (scheduler) => scheduler.update("mine", { at: START + 60_000, jitter: null }),
        {
          at: START + 9 * SECOND,
          every: undefined,
          jitter: "1 hour"
        }
      )
      expect(records).toEqual([
        [9, "skipped", "it was changed while one due time waited"],
        [60, "sent", undefined]
      ])
    })
  )

  it.effect("where none does, nothing is recorded", () =>
    Effect.gen(function* () {
      const change = (scheduler: Service) =>
        scheduler
          .pause("mine")
          .pipe(
            Effect.andThen(scheduler.update("mine", { every: 2 * SECOND })),
            Effect.andThen(scheduler.resume("mine")),
            Effect.andThen(scheduler.cancel("mine"))
          )
      const { records } = yield* whileTenWait(change, { every: 15 * SECOND })
      expect(records).toEqual([])
    })
  )
})
