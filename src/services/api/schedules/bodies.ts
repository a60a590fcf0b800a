/**
 * What requests about schedules hold. These schemas are the only source of names and types: bodies are checked against them, and the OpenAPI
 * document is made from them. What values may be beyond their types is the scheduler's to say.
 */
import * as Schema from "effect/Schema"
import { about, optional, RawJson } from "../requests.ts"

/** Due times of one preview at most. */
export const MAX_PREVIEW = 1_000
/** Due times of a preview that does not say how many. */
export const PREVIEW = 10

const TIME = "Expected a time: ISO 8601 text, or milliseconds"
const DURATION = 'Expected a duration: text such as "10 minutes", or milliseconds'

const TimeText = Schema.Union([Schema.String, Schema.Finite]).annotate({
  identifier: "ScheduleTime",
  message: TIME,
  description: 'ISO 8601 with its offset, "2030-01-01T09:00:00+09:00", or milliseconds since the epoch'
})

const DurationText = Schema.Union([Schema.String, Schema.Finite]).annotate({
  identifier: "ScheduleDuration",
  message: DURATION,
  description: '"10 minutes", or milliseconds'
})

const when = {
  at: optional(TimeText, "due once, then; exactly one of at, delay, every and cron"),
  delay: optional(DurationText, "due once, so long from now"),
  every: optional(DurationText, "due at a fixed rate"),
  cron: optional(Schema.String, '5 fields, or 6 with seconds first: "0 9 * * 1-5"'),
  timeZone: optional(Schema.String, "of cron: an IANA zone; absent: UTC"),
  start: optional(TimeText, "of every and cron: not due before; of every the first due time"),
  end: optional(TimeText, "of every and cron: due before this time only"),
  maxRuns: optional(Schema.Int, "runs after which it is completed; absent: no end")
}

const Tags = Schema.Record(Schema.String, Schema.String)
const CatchUps = Schema.Literals(["skip", "once", "all"])

const what = {
  data: optional(RawJson, "payload: any JSON value, published byte for byte; one of data, b64data, template"),
  b64data: optional(Schema.String, "payload in base64, for bytes that are not JSON"),
  template: optional(
    RawJson,
    "JSON in whose texts {{due}}, {{dueMs}}, {{run}} and {{id}} are filled in for each run; a text that is {{dueMs}} or {{run}} alone becomes a number"
  ),
  tags: optional(Tags, "what subscribers may filter by"),
  jitter: optional(DurationText, "each run waits up to so long after its due time; absent: 0"),
  minConnections: optional(Schema.Int, "connections without which a run sends nothing; absent: 0"),
  catchUp: optional(CatchUps, "what becomes of due times that passed while nobody could send; absent: once"),
  about: optional(Schema.String, "what it is for, in your words")
}

const channels = about(Schema.Array(Schema.String), "names of the channels to publish into")

const id = optional(
  Schema.String,
  "creating the same schedule again under the same id changes nothing; absent: a UUID"
)

export const ScheduleBody = Schema.Struct({ id, ...when, channels, ...what }).annotate({
  identifier: "ScheduleRequest"
})
export type ScheduleBody = typeof ScheduleBody.Type

const TimeOrNull = Schema.NullOr(TimeText).annotate({ message: `${TIME}, or null` })
const DurationOrNull = Schema.NullOr(DurationText).annotate({ message: `${DURATION}, or null` })

const removable = <S extends Schema.Top>(schema: S, description: string) =>
  optional(Schema.NullOr(schema), description)

export const ChangeBody = Schema.Struct({
  ...when,
  channels: Schema.optionalKey(channels),
  ...what,
  timeZone: removable(Schema.String, "of cron: an IANA zone; null: UTC"),
  start: optional(TimeOrNull, "of every and cron: not due before; null: from now on, as in a new schedule"),
  end: optional(TimeOrNull, "of every and cron: due before this time only; null: no end"),
  maxRuns: removable(Schema.Int, "runs after which it is completed; null: no end"),
  tags: removable(Tags, "what subscribers may filter by; null: none"),
  jitter: optional(DurationOrNull, "each run waits up to so long after its due time; null: 0"),
  minConnections: removable(Schema.Int, "connections without which a run sends nothing; null: 0"),
  catchUp: removable(CatchUps, "what becomes of due times that passed while nobody could send; null: once"),
  about: removable(Schema.String, "what it is for, in your words; null: nothing is said"),
  revision: optional(Schema.Int, "refused with 409 unless the schedule has this revision")
}).annotate({ identifier: "ScheduleChange" })
export type ChangeBody = typeof ChangeBody.Type

/** A request to create, of which only the times are needed. */
export const PreviewBody = Schema.Struct({
  id,
  ...when,
  channels: Schema.optionalKey(channels),
  ...what,
  count: optional(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_PREVIEW })),
    `due times at most; absent: ${PREVIEW}`
  )
}).annotate({ identifier: "SchedulePreviewRequest" })
export type PreviewBody = typeof PreviewBody.Type

/** Of requests that say everything by their path. */
export const NoBody = Schema.Struct({})
