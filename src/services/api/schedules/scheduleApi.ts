/**
 * `/api/schedules` and `/api/receipts`: schedules are made, changed and looked at, and so is what became of them.
 *
 * Clean JSON with statuses as HTTP means them, unlike the methods of the server API beside it. Every problem of a request is listed at once.
 * Whoever calls has seen to it that the request brings the key.
 */
import * as Effect from "effect/Effect"
import { Receipts } from "../../receipts/Receipts.ts"
import { Scheduler } from "../../schedules/Scheduler.ts"
import { receiptRoutes } from "./receiptRoutes.ts"
import { routed } from "./routes.ts"
import { scheduleRoutes } from "./scheduleRoutes.ts"

/** Whether a request to this path is one for this API: `/api/schedules`, `/api/receipts`, and what is below them. */
export const isScheduleApi = (path: string): boolean => /^\/api\/(schedules|receipts)(\/|$)/.test(path)

/** Answers requests to such paths. */
export const makeScheduleApi = Effect.gen(function* () {
  return routed({ ...scheduleRoutes(yield* Scheduler), ...receiptRoutes(yield* Receipts) })
})
