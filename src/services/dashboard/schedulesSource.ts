/** The schedules that are looked at first: those that are being sent, those that are due next, and those that are paused. */
import * as Effect from "effect/Effect"
import { dashboardChannels } from "../../protocol/dashboard.ts"
import { scheduleHeadJson } from "../api/schedules/answerJson.ts"
import type { Schedule } from "../schedules/Schedule.ts"
import { beginningOf, type ScheduleStore } from "../schedules/ScheduleStore.ts"
import type { StoreFailed } from "../store/Store.ts"
import type { FeedSource } from "./Feed.ts"
import { listText } from "./listText.ts"

/** Of each kind. */
const SHOWN = 100
/** Pages that are looked through for paused ones: no index has them, and there may be two million schedules. */
const PAGES = 4

export const schedulesSource = (store: ScheduleStore["Service"], now: () => number): FeedSource => {
  const allOf = (ids: ReadonlyArray<string>, state: Schedule["state"]) =>
    Effect.map(Effect.forEach(ids, store.get), (found) => found.filter((one) => one?.state === state))

  const paused = Effect.fnUntraced(function* () {
    const found: Array<Schedule> = []
    let cursor: string | undefined
    for (let page = 0; page < PAGES && found.length < SHOWN; page++) {
      const part = yield* store.list({ state: "paused", limit: SHOWN - found.length, cursor })
      found.push(...part.items)
      cursor = part.cursor
      if (cursor === undefined) break
    }
    return found
  })

  const read: Effect.Effect<() => string, StoreFailed> = Effect.gen(function* () {
    const { schedules, pending, ended, openRuns } = yield* store.figures
    // Where very many are sent at once, they change faster than anybody reads.
    const open = openRuns > SHOWN ? [] : yield* store.openRuns
    const sending = yield* allOf([...new Set(open.map(({ schedule }) => schedule))], "sending")
    const due = yield* store.due(beginningOf(Number.NEGATIVE_INFINITY), Number.POSITIVE_INFINITY, SHOWN)
    const next = yield* allOf(
      due.map(({ id }) => id),
      "scheduled"
    )
    const mayBePaused = schedules - pending - ended - sending.length > 0
    const shown = [...sending, ...next, ...(mayBePaused ? yield* paused() : [])]
    return () =>
      listText(
        { at: Math.round(now()), total: schedules },
        shown.map((schedule) => scheduleHeadJson(schedule!))
      )
  })
  return { channel: dashboardChannels.schedules, everyMs: 1000, read, version: store.version }
}
