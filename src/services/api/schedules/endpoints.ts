/** Schedules and receipts in the OpenAPI document: every path and method of the routes, with what it takes and answers. */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Key } from "../openApiKey.ts"
import { optional } from "../requests.ts"
import { ChangeBody, PreviewBody, ScheduleBody } from "./bodies.ts"
import { MAX_PAGE, PAGE } from "./queries.ts"
import { kinds } from "./receiptRoutes.ts"
import {
  failureOf,
  PreviewResult,
  ReceiptPage,
  ReceiptResult,
  RunPage,
  RunResult,
  SchedulePage,
  ScheduleResult,
  ScheduleWithNext
} from "./results.ts"
import { states } from "./scheduleRoutes.ts"

const failing = (...codes: ReadonlyArray<Parameters<typeof failureOf>[0]>) =>
  codes.map((code) => {
    const { schema, status } = failureOf(code)
    return (schema as Schema.Codec<object>).pipe(HttpApiSchema.status(status))
  })

const params = { id: Schema.String }

const limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_PAGE }))

const page = {
  // Queries are text, and so are numbers in them; the document says numbers.
  limit: optional(limit as unknown as Schema.Codec<number, string>, `entries at most; absent: ${PAGE}`),
  cursor: optional(Schema.String, "where this page begins: what the page before said")
}

const SCHEDULES = "/api/schedules"
const SCHEDULE = "/api/schedules/:id"

const endpoints = [
  HttpApiEndpoint.post("createSchedule", SCHEDULES, {
    payload: ScheduleBody,
    success: [ScheduleResult, ScheduleResult.pipe(HttpApiSchema.status(201))],
    error: failing("invalid", "conflict", "too_many", "unavailable")
  }).annotateMerge(
    OpenApi.annotations({
      summary: "Create a schedule",
      description:
        "201 with its location where it is new, 200 where the same was there already under that id."
    })
  ),
  HttpApiEndpoint.get("listSchedules", SCHEDULES, {
    query: {
      state: optional(Schema.Literals(states), "those in this state"),
      channel: optional(Schema.String, "those that publish into this channel"),
      ...page
    },
    success: SchedulePage,
    error: failing("invalid", "unavailable")
  }).annotate(OpenApi.Summary, "Schedules, page by page"),
  HttpApiEndpoint.post("previewSchedule", "/api/schedules/preview", {
    payload: PreviewBody,
    success: PreviewResult,
    error: failing("invalid")
  }).annotate(OpenApi.Summary, "The due times that a schedule would have, nothing being created"),
  HttpApiEndpoint.get("getSchedule", SCHEDULE, {
    params,
    success: ScheduleWithNext,
    error: failing("not_found", "unavailable")
  }).annotate(OpenApi.Summary, "A schedule, with its next due times"),
  HttpApiEndpoint.patch("changeSchedule", SCHEDULE, {
    params,
    payload: ChangeBody,
    success: ScheduleResult,
    error: failing("invalid", "not_found", "conflict", "unavailable")
  }).annotate(OpenApi.Summary, "Change a schedule; what is absent stays"),
  HttpApiEndpoint.delete("cancelSchedule", SCHEDULE, {
    params,
    success: ScheduleResult,
    error: failing("not_found", "conflict", "unavailable")
  }).annotate(OpenApi.Summary, "Cancel a schedule; it is kept for a while, with its runs"),
  ...(
    [
      ["pauseSchedule", "pause", "Pause a schedule"],
      ["resumeSchedule", "resume", "Go on with a schedule; what passed meanwhile is not caught up"]
    ] as const
  ).map(([name, path, summary]) =>
    HttpApiEndpoint.post(name, `/api/schedules/:id/${path}`, {
      params,
      success: ScheduleResult,
      error: failing("not_found", "conflict", "unavailable")
    }).annotate(OpenApi.Summary, summary)
  ),
  HttpApiEndpoint.post("runSchedule", "/api/schedules/:id/run", {
    params,
    success: RunResult,
    error: failing("not_found", "conflict", "unavailable")
  }).annotate(OpenApi.Summary, "One run more, now; answered once it is published"),
  HttpApiEndpoint.get("listRuns", "/api/schedules/:id/runs", {
    params,
    query: page,
    success: RunPage,
    error: failing("invalid", "not_found", "unavailable")
  }).annotate(OpenApi.Summary, "The runs of a schedule, with their receipts"),
  HttpApiEndpoint.get("listReceipts", "/api/receipts", {
    query: {
      kind: optional(Schema.Literals(kinds), "those of broadcasts, or of runs"),
      schedule: optional(Schema.String, "those of the runs of this schedule"),
      ...page
    },
    success: ReceiptPage,
    error: failing("invalid", "unavailable")
  }).annotate(OpenApi.Summary, "Receipts, page by page"),
  HttpApiEndpoint.get("getReceipt", "/api/receipts/:id", {
    params,
    success: ReceiptResult,
    error: failing("not_found", "unavailable")
  }).annotate(OpenApi.Summary, "What became of a broadcast or run")
] as const

export class ScheduleGroup extends HttpApiGroup.make("schedules", { topLevel: true })
  .add(...(endpoints as unknown as [(typeof endpoints)[0]]))
  .middleware(Key) {}
