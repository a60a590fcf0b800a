/** From bodies to what the scheduler is asked, with all that is wrong so far. */
import * as Effect from "effect/Effect"
import { ownBytes } from "../../ownBytes.ts"
import {
  type Problem,
  type ScheduleChange,
  ScheduleInvalid,
  type ScheduleRequest,
  type Scheduler
} from "../../schedules/Scheduler.ts"
import { payloadOf } from "../payload.ts"
import { ChangeBody, PREVIEW, PreviewBody, ScheduleBody } from "./bodies.ts"
import { bodyReader, type Read } from "./readBody.ts"

const readSchedule = bodyReader(ScheduleBody)
const readChange = bodyReader(ChangeBody)
const readPreview = bodyReader(PreviewBody)

/** Members of which a schedule has exactly one. */
const TIMES = ["at", "delay", "every", "cron"]
const PAYLOADS = ["data", "b64data", "template"]

type Common = Partial<ScheduleBody & ChangeBody & PreviewBody>

const choiceProblems = (
  given: ReadonlySet<string>,
  choice: ReadonlyArray<string>,
  isNeeded: boolean
): ReadonlyArray<Problem> => {
  const chosen = choice.filter((name) => given.has(name))
  const all = choice.join(", ")
  if (chosen.length > 1)
    return [{ where: chosen[1]!, message: `there is ${chosen[0]} already: one of ${all}` }]
  return chosen.length === 0 && isNeeded ? [{ where: choice[0]!, message: `one of ${all} is needed` }] : []
}

/** Payloads are kept for long, maybe: small buffers would be parts of a pool. */
const payloadMembers = ({ data, b64data, template }: Common) => {
  const bytes = b64data === undefined ? data : payloadOf(undefined, b64data)
  return {
    ...(bytes === undefined ? {} : { data: ownBytes(bytes) }),
    ...(template === undefined ? {} : { template: Buffer.from(template).toString() })
  }
}

const isBroken = ({ b64data }: Common): boolean =>
  b64data !== undefined && payloadOf(undefined, b64data) === undefined

interface Reading {
  readonly request: ScheduleChange & Pick<ScheduleRequest, "id">
  readonly count: number
}

/** The request that a body is. Where something is wrong the scheduler is asked for what else is. */
const reading = <A extends object>(
  read: (body: Buffer) => Read<A>,
  needed: ReadonlyArray<ReadonlyArray<string>>
) =>
  Effect.fnUntraced(function* (scheduler: Scheduler["Service"], body: Buffer) {
    const { value, given, problems: ofTypes } = read(body)
    const { b64data: _, data: __, template: ___, count = PREVIEW, ...plain } = value as Common
    const request: Reading["request"] = { ...plain, ...payloadMembers(value) }
    const isReadable = ofTypes[0]?.where !== "body"
    const problems = [
      ...ofTypes,
      ...(isBroken(value) ? [{ where: "b64data", message: "expected base64" }] : []),
      ...(isReadable ? [TIMES, PAYLOADS] : []).flatMap((choice) =>
        choiceProblems(given, choice, needed.includes(choice))
      )
    ]
    if (problems.length === 0) return { request, count }
    const places = new Set(problems.map(({ where }) => where))
    const others = (yield* scheduler.check(request)).filter(({ where }) => !places.has(where))
    return yield* new ScheduleInvalid({ problems: [...problems, ...others] })
  })

const newSchedule = reading(readSchedule, [TIMES, PAYLOADS])

export const scheduleRequest = (scheduler: Scheduler["Service"], body: Buffer) =>
  Effect.map(newSchedule(scheduler, body), ({ request }) => request as ScheduleRequest)

const change = reading(readChange, [])

export const scheduleChange = (scheduler: Scheduler["Service"], body: Buffer) =>
  Effect.map(change(scheduler, body), ({ request }): ScheduleChange => request)

const preview = reading(readPreview, [TIMES])

export const previewRequest = (scheduler: Scheduler["Service"], body: Buffer) =>
  Effect.map(preview(scheduler, body), ({ request, count }) => ({
    request: request as Partial<ScheduleRequest>,
    count
  }))
