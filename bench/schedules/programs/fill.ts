/** Fills a store with schedules that wait, as they are after they were created: `fill.js DIRECTORY COUNT`. */

import { Metrics } from "clarion/services/Metrics"
import type { Schedule } from "clarion/services/schedules/Schedule"
import { makeStoredSchedules } from "clarion/services/schedules/storedSchedules"
import { openLmdbStore } from "clarion/services/store/LmdbStore"
import { Effect } from "effect"

const HOUR = 3_600_000
/** Schedules of one commit. */
const BATCH = 10_000

const [directory = "", count = "0"] = process.argv.slice(2)
const now = Date.now()

/** A third each: once in some hours, at a fixed rate, every day by cron. */
const triggerOf = (i: number, due: number): Schedule["trigger"] =>
  i % 3 === 0
    ? { kind: "at", at: due }
    : i % 3 === 1
      ? { kind: "every", every: HOUR, start: due }
      : { kind: "cron", expression: "0 9 * * 1-5", timeZone: "Asia/Tokyo", start: now }

const scheduleOf = (i: number): Schedule => {
  const due = now + HOUR + i * 100
  return {
    id: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
    trigger: triggerOf(i, due),
    channels: [`user-${i}`],
    payload: {
      kind: "data",
      data: Buffer.from(`{"text":"this is what was to be said at last","number":${i}}`)
    },
    jitter: 0,
    minConnections: 0,
    catchUp: "once",
    about: "",
    revision: 1,
    state: "scheduled",
    createdAt: now,
    updatedAt: now,
    due,
    fireAt: due,
    runs: 0,
    records: 0
  }
}

const fill = Effect.gen(function* () {
  const schedules = makeStoredSchedules(yield* openLmdbStore(directory))
  for (let at = 0; at < Number(count); at += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, Number(count) - at) }, (_, i) => scheduleOf(at + i))
    yield* schedules.commit(
      some.map((schedule) => ({ kind: "schedule", schedule, before: undefined }) as const)
    )
  }
})

Effect.runPromise(Effect.scoped(fill).pipe(Effect.provide(Metrics.layer))).then(() =>
  process.stdout.write("{}")
)
