/** Schedules on both stores are held to one contract. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe } from "vitest"
import { Metrics } from "../../src/services/Metrics.ts"
import { makeStoredSchedules } from "../../src/services/schedules/storedSchedules.ts"
import { openLmdbStore } from "../../src/services/store/LmdbStore.ts"
import { newStore } from "../support/schedules/ScheduleWorld.ts"
import { scheduleStoreSuite } from "./scheduleStoreSuite.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "clarion-schedules-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

describe("schedules in memory", () =>
  scheduleStoreSuite({ start: Effect.map(newStore, makeStoredSchedules), run }))

describe("schedules on disk", () =>
  scheduleStoreSuite({
    start: Effect.orDie(
      Effect.map(
        Effect.provide(Effect.flatMap(temporaryDirectory, openLmdbStore), Metrics.layer),
        makeStoredSchedules
      )
    ),
    run
  }))
