/** Schedules on both stores are held to one contract. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe } from "vitest"
import { Metrics } from "../../src/services/Metrics.ts"
import { makeStoredSchedules } from "../../src/services/schedules/storedSchedules.ts"
import { openLmdbStore } from "../../src/services/store/LmdbStore.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../support/nats/NatsServer.ts"
import { LARGE, natsStore } from "../support/schedules/natsStore.ts"
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

describe.skipIf(noNatsServer !== undefined)(`schedules of a cluster ${noNatsServer ?? ""}`, () =>
  scheduleStoreSuite({
    start: Effect.orDie(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration: LARGE })
        return (yield* natsStore([server])).store
      })
    ),
    run
  })
)

// They wait for elections most of the time: several tests at once wait together.
const SLOW = { timeout: 60_000, concurrent: true }

describe.skipIf(noNatsServer !== undefined)(`schedules on three servers ${noNatsServer ?? ""}`, SLOW, () => {
  const scope = Effect.runSync(Scope.make())
  let servers: ReadonlyArray<NatsServer>
  let tests = 0
  beforeAll(async () => {
    servers = await Effect.runPromise(Scope.provide(startNatsCluster(), scope))
  }, 30_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  scheduleStoreSuite({
    // Each test has a bucket of its own.
    start: Effect.suspend(() =>
      Effect.orDie(Effect.map(natsStore(servers, 3, `test${tests++}`), ({ store }) => store))
    ),
    run,
    withoutLarge:
      "passes there, too, and takes a quarter of a minute: each of three servers syncs 100 MB to disk"
  })
})
