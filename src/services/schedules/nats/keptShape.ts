/** The shapes of what a key of the bucket and a record of a run have: what comes from NATS may be anybody's, and a checksum is no seal. */
import * as Schema from "effect/Schema"
import { Count, Moment } from "../../numbers.ts"
import type { Run, Schedule } from "../Schedule.ts"
import type { KeptSchedule } from "./keptSchedule.ts"

/** Bytes of UTF-8 are at most three times as many: keys of the tables have room for it. */
const MAX_ID = 512

const Id = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(MAX_ID))
const MoreThanNone = Schema.Finite.check(Schema.isGreaterThan(0))

const Trigger = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("at"), at: Moment }),
  Schema.Struct({
    kind: Schema.Literal("every"),
    every: MoreThanNone,
    start: Moment,
    end: Schema.optional(Moment)
  }),
  Schema.Struct({
    kind: Schema.Literal("cron"),
    expression: Schema.String,
    timeZone: Schema.String,
    start: Moment,
    end: Schema.optional(Moment)
  })
])

const Payload = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("data"), data: Schema.Uint8Array }),
  Schema.Struct({ kind: Schema.Literal("template"), text: Schema.String })
])

const ScheduleShape: Schema.Schema<Schedule> = Schema.Struct({
  trigger: Trigger,
  channels: Schema.NonEmptyArray(Schema.String),
  payload: Payload,
  tags: Schema.optional(Schema.Record(Schema.String, Schema.String)),
  maxRuns: Schema.optional(Count),
  jitter: Count,
  minConnections: Count,
  catchUp: Schema.Literals(["skip", "once", "all"]),
  about: Schema.String,
  id: Id,
  revision: Count,
  state: Schema.Literals(["scheduled", "due", "sending", "paused", "completed", "failed", "cancelled"]),
  createdAt: Moment,
  updatedAt: Moment,
  due: Schema.optional(Moment),
  fireAt: Schema.optional(Moment),
  lastDue: Schema.optional(Moment),
  runs: Count,
  records: Count,
  failure: Schema.optional(Schema.String)
})

const RunShape: Schema.Schema<Run> = Schema.Struct({
  id: Schema.String,
  schedule: Id,
  number: Count,
  sequence: Count,
  isAsked: Schema.Boolean,
  isRepeatable: Schema.optional(Schema.Boolean),
  due: Moment,
  outcome: Schema.Literals(["sending", "sent", "gated", "skipped", "failed", "interrupted"]),
  startedAt: Moment,
  endedAt: Schema.optional(Moment),
  detail: Schema.optional(Schema.String)
})

const KeptShape: Schema.Schema<KeptSchedule> = Schema.Struct({
  schedule: Schema.UndefinedOr(ScheduleShape),
  open: Schema.Array(Schema.Struct({ run: RunShape, by: Schema.String, fence: Count })),
  ended: Schema.Array(RunShape)
})

/** What a later version has written besides is no fault, and stays in it. */
export const isRun = Schema.is(RunShape)

const isKept = Schema.is(KeptShape)

/** @param id of the schedule whose key it has */
export const isKeptOf = (id: string, value: unknown): value is KeptSchedule =>
  isKept(value) &&
  (value.schedule?.id ?? id) === id &&
  value.open.every(({ run }) => run.schedule === id) &&
  value.ended.every((run) => run.schedule === id)
