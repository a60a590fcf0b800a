/** What is answered when it does not work: `{"error":{"code","message","problems"?}}`, beside it the present schedule where that is the obstacle. */
import type {
  ScheduleConflict,
  ScheduleInvalid,
  ScheduleUnknown,
  TooManySchedules
} from "../../schedules/Scheduler.ts"
import type { ScheduleBusy } from "../../schedules/Turns.ts"
import type { StoreFailed } from "../../store/Store.ts"
import type { AnswerHeaders, PlainAnswer } from "../../Transport.ts"
import { scheduleJson } from "./answerJson.ts"
import { listed } from "./problems.ts"

export type Failure =
  | ScheduleBusy
  | ScheduleInvalid
  | ScheduleUnknown
  | ScheduleConflict
  | TooManySchedules
  | StoreFailed

/** Codes of errors, with their statuses. 507: there is no room for one more until others have gone; to wait does not help. */
export const statuses = {
  invalid: 400,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  unavailable: 503,
  too_many: 507
} as const

const JSON_HEADER: AnswerHeaders[number] = ["content-type", "application/json"]

export const jsonAnswer = (body: string, status = 200, headers: AnswerHeaders = []): PlainAnswer => ({
  status,
  headers: [JSON_HEADER, ...headers],
  body
})

export const refusal = (
  code: keyof typeof statuses,
  message: string,
  { more = "", beside = "", headers = [] as AnswerHeaders } = {}
): PlainAnswer =>
  jsonAnswer(
    `{"error":{"code":"${code}","message":${JSON.stringify(message)}${more}}${beside}}`,
    statuses[code],
    headers
  )

const count = (problems: number): string =>
  problems === 1 ? "the request has a problem" : `the request has ${problems} problems`

export const failureAnswer = (failure: Failure): PlainAnswer => {
  switch (failure._tag) {
    case "ScheduleInvalid": {
      const more = `,"problems":${JSON.stringify(listed(failure.problems))}`
      return refusal("invalid", count(failure.problems.length), { more })
    }
    case "ScheduleUnknown":
      return refusal("not_found", failure.message)
    case "ScheduleConflict":
      return refusal("conflict", failure.message, { beside: `,"schedule":${scheduleJson(failure.schedule)}` })
    case "TooManySchedules":
      return refusal("too_many", failure.message)
    case "StoreFailed":
      return refusal(failure.reason === "too-large" ? "invalid" : "unavailable", failure.message)
    case "ScheduleBusy":
      return refusal("unavailable", failure.message)
  }
}
