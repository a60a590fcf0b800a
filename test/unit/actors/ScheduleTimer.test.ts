import { describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { ScheduleStore } from "../../../src/services/schedules/ScheduleStore.ts"
import { newStore, ScheduleWorld, START, scheduleWith } from "../../support/schedules/ScheduleWorld.ts"

const test = (name: string, body: (world: ScheduleWorld) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      yield* body(new ScheduleWorld(yield* newStore))
    })
  )

describe("the timer of schedules", () => {
  test("publishes at the due time, and records the run", (world) =>
    Effect.gen(function* () {
      const { context } = yield* world.process
      yield* world.put(context, scheduleWith())
      yield* TestClock.adjust(4999)
      expect(world.published).toEqual([])
      yield* TestClock.adjust(1)
      expect(world.published).toMatchObject([
        { channel: "news", text: '"hello"', at: 5000, key: `schedule:one:${START + 5000}` }
      ])
      const store = Context.get(context, ScheduleStore)
      expect(yield* store.get("one")).toMatchObject({ state: "completed", runs: 1, records: 1 })
      expect((yield* store.runs("one", { limit: 10 })).items).toMatchObject([
        { outcome: "sent", number: 1, due: START + 5000, startedAt: START + 5000 }
      ])
    }))
})
