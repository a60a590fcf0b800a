/** Schedules over HTTP. */
import * as Effect from "effect/Effect"
import type { Schedule, ScheduleState } from "../../schedules/Schedule.ts"
import { type Created, ScheduleInvalid, type Scheduler } from "../../schedules/Scheduler.ts"
import type { PlainAnswer } from "../../Transport.ts"
import {
  pageJson,
  runJson,
  runWithReceiptJson,
  scheduleHeadJson,
  scheduleJson,
  timeText
} from "./answerJson.ts"
import { NoBody } from "./bodies.ts"
import { type Failure, jsonAnswer } from "./failures.ts"
import { queryReader, writeCursor } from "./queries.ts"
import { bodyReader } from "./readBody.ts"
import type { Handler, Routes } from "./routes.ts"
import { previewRequest, scheduleChange, scheduleRequest } from "./scheduleRequests.ts"

/** Due times that a schedule is shown with. */
export const NEXT = 5

const SCHEDULES = "schedules"

/** Those that schedules are stored in: "due" is over before anybody sees it. */
export const states: ReadonlyArray<ScheduleState> = [
  "scheduled",
  "sending",
  "paused",
  "completed",
  "failed",
  "cancelled"
]

const readListQuery = queryReader(SCHEDULES, { state: states, channel: undefined })
const readNothing = bodyReader(NoBody)

const createdAnswer = ({ schedule, isNew }: Created): PlainAnswer =>
  isNew
    ? jsonAnswer(scheduleJson(schedule), 201, [
        ["location", `/api/schedules/${encodeURIComponent(schedule.id)}`]
      ])
    : jsonAnswer(scheduleJson(schedule))

/** A request that says everything by its path. */
const plainly =
  <A>(act: (id: string) => Effect.Effect<A, Failure>, json: (answer: A) => string): Handler =>
  ({ id, request: { body } }) => {
    const { problems } = readNothing(body)
    if (problems.length > 0) return Effect.fail(new ScheduleInvalid({ problems }))
    return Effect.map(act(id), (answer) => jsonAnswer(json(answer)))
  }

const shown = (schedule: Schedule) => scheduleJson(schedule)

const previewAnswer = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], body: Buffer) {
  const { request, count } = yield* previewRequest(scheduler, body)
  const { at, delay, every, cron, timeZone, start, end, maxRuns } = request
  const when = { at, delay, every, cron, timeZone, start, end, maxRuns }
  const problems = yield* scheduler.check(request)
  if (problems.length > 0) return yield* new ScheduleInvalid({ problems })
  const next = yield* scheduler.preview(when, count)
  return jsonAnswer(JSON.stringify({ next: next.map(timeText) }))
})

const lists = (scheduler: Scheduler["Service"]) => ({
  schedules: Effect.fnUntraced(function* ({ request: { query } }) {
    const { filter, ...page } = yield* readListQuery(query)
    const state = filter.state as ScheduleState | undefined
    const found = yield* scheduler.list({ state, channel: filter.channel, ...page })
    return jsonAnswer(
      pageJson(SCHEDULES, found, scheduleHeadJson, (cursor) => writeCursor(SCHEDULES, cursor))
    )
  }) satisfies Handler,

  /** A cursor is of the runs of one schedule. */
  runs: Effect.fnUntraced(function* ({ id, request: { query } }) {
    const list = `runs of ${id}`
    const { limit, cursor } = yield* queryReader(list, {})(query)
    const found = yield* scheduler.runs(id, { limit, cursor })
    return jsonAnswer(pageJson("runs", found, runWithReceiptJson, (next) => writeCursor(list, next)))
  }) satisfies Handler
})

export const scheduleRoutes = (scheduler: Scheduler["Service"]): Routes => {
  const list = lists(scheduler)
  return {
    "/api/schedules": {
      GET: list.schedules,
      POST: ({ request: { body } }) =>
        Effect.map(Effect.flatMap(scheduleRequest(scheduler, body), scheduler.create), createdAnswer)
    },
    "/api/schedules/preview": {
      POST: ({ request: { body } }) => previewAnswer(scheduler, body)
    },
    "/api/schedules/:id": {
      GET: ({ id }) =>
        Effect.map(scheduler.get(id), (schedule) =>
          jsonAnswer(scheduleJson(schedule, scheduler.nextOf(schedule, NEXT)))
        ),
      PATCH: ({ id, request: { body } }) =>
        Effect.map(
          Effect.flatMap(scheduleChange(scheduler, body), (change) => scheduler.update(id, change)),
          (schedule) => jsonAnswer(scheduleJson(schedule))
        ),
      DELETE: plainly(scheduler.cancel, shown)
    },
    "/api/schedules/:id/pause": { POST: plainly(scheduler.pause, shown) },
    "/api/schedules/:id/resume": { POST: plainly(scheduler.resume, shown) },
    "/api/schedules/:id/run": { POST: plainly(scheduler.runNow, runJson) },
    "/api/schedules/:id/runs": { GET: list.runs }
  }
}
