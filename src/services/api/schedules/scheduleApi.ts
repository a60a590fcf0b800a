/**
 * `/api/schedules` and `/api/receipts`: schedules are made, changed and looked at, and so is what became of them.
 *
 * Clean JSON with statuses as HTTP means them, unlike the methods of the server API beside it. Every problem of a request is listed at once.
 * Whoever calls has seen to it that the request brings the key.
 */
import * as Effect from "effect/Effect"
import { Receipts } from "../../receipts/Receipts.ts"
import { Scheduler } from "../../schedules/Scheduler.ts"
import type { PlainAnswer, PlainRequest } from "../../Transport.ts"
import { receiptRoutes } from "./receiptRoutes.ts"
import { routed } from "./routes.ts"
import { scheduleRoutes } from "./scheduleRoutes.ts"

const PATHS = /^\/api\/(schedules|receipts)(\/|$)/

/** Answers requests for the two paths and those below them; undefined for any other. */
export const makeScheduleApi = Effect.gen(function* () {
  const answer = routed({ ...scheduleRoutes(yield* Scheduler), ...receiptRoutes(yield* Receipts) })
  return (request: PlainRequest): Effect.Effect<PlainAnswer> | undefined =>
    PATHS.test(request.path) ? answer(request) : undefined
})
