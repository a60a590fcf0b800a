/** What requests about schedules and receipts are answered with, for the OpenAPI document. answerJson.ts and failures.ts write it. */
import * as Schema from "effect/Schema"
import { about, optional, RawJson } from "../requests.ts"
import { statuses } from "./failures.ts"
import { kinds } from "./receiptRoutes.ts"
import { states } from "./scheduleRoutes.ts"

const Time = Schema.String.annotate({
  identifier: "Time",
  description: "ISO 8601 in UTC, with milliseconds",
  format: "date-time"
})

const Natural = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const head = {
  id: Schema.String,
  revision: about(Schema.Int, "1, and one more with each change"),
  state: about(Schema.Literals(states), "the last three are final"),
  about: Schema.String,
  at: optional(Time, "one of at, every and cron"),
  every: optional(Schema.Int, "ms"),
  cron: Schema.optionalKey(Schema.String),
  timeZone: optional(Schema.String, "of cron"),
  start: optional(Time, "of every and cron"),
  end: optional(Time, "of every and cron, where there is one"),
  due: optional(Time, "the next due time; absent: there is none, or not while it is paused"),
  fireAt: optional(Time, "when the run of due begins: with its jitter"),
  runs: about(Natural, "number of the last run"),
  maxRuns: optional(Schema.Int, "absent: no end"),
  failure: optional(Schema.String, "why it failed"),
  createdAt: Time,
  updatedAt: Time,
  channels: about(Schema.Array(Schema.String), "in lists the first 100 of them"),
  channelCount: about(Natural, "how many there are"),
  tags: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  jitter: about(Natural, "ms"),
  minConnections: Natural,
  catchUp: Schema.Literals(["skip", "once", "all"])
}

const payload = {
  data: optional(RawJson, "as it was given; one of data, b64data and template"),
  b64data: optional(Schema.String, "the same where it is not JSON"),
  template: Schema.optionalKey(RawJson)
}

const ScheduleHead = Schema.Struct(head).annotate({ identifier: "ScheduleHead" })

export const ScheduleResult = Schema.Struct({ ...head, ...payload }).annotate({ identifier: "Schedule" })

const dueTimes = about(Schema.Array(Time), "the next due times, without jitter")

export const ScheduleWithNext = Schema.Struct({ ...head, ...payload, next: dueTimes }).annotate({
  identifier: "ScheduleWithNext"
})

export const PreviewResult = Schema.Struct({ next: dueTimes }).annotate({ identifier: "SchedulePreview" })

const moment = (description: string) => optional(Schema.Finite, `${description}: ms since the epoch`)

const counts = {
  eligible: about(Natural, "those that it was for: written + dropped + closed"),
  written: about(Natural, "handed to the kernel, or to a connection's bounded send buffer"),
  dropped: about(Natural, "not sent; drops says why"),
  closed: about(Natural, "ended meanwhile"),
  drops: Schema.Struct({
    slow: about(Natural, "the connection's send buffer was full"),
    mailbox: about(Natural, "the mailbox of a shard or worker was full")
  }),
  firstWriteAt: moment("absent: nobody was written to"),
  lastWriteAt: moment("absent: nobody was written to"),
  timeToLastWriteMs: optional(Schema.Finite, "from publishing to the last write")
}

export const ReceiptResult = Schema.Struct({
  id: about(Schema.String, "of a run: the run's id"),
  kind: Schema.Literals(kinds),
  channels: about(Schema.Array(Schema.String), "the first 100 of them"),
  channelCount: about(Natural, "how many there are"),
  schedule: optional(Schema.String, "whose run it is"),
  publishedAt: about(Schema.Finite, "ms since the epoch"),
  isComplete: about(Schema.Boolean, "false while deliveries are under way"),
  ...counts,
  lost: about(
    Natural,
    "connections that had ended with a worker process that died since the broadcast before"
  ),
  acked: about(Natural, "connections that said they have it"),
  workers: about(
    Schema.Array(Schema.Struct({ worker: Schema.String, ...counts })),
    "the parts of the workers, and of other nodes; empty where one process serves"
  ),
  node: optional(Schema.String, "the node that published it, where there are several"),
  missing: optional(
    Schema.Array(Schema.String),
    "nodes that have not told what became of it there; absent: all have"
  )
}).annotate({ identifier: "Receipt" })

const run = {
  id: about(Schema.String, "also of its receipt"),
  schedule: about(Schema.String, "its id"),
  number: about(Natural, "0: nothing was sent"),
  isAsked: about(Schema.Boolean, "by a request for one run more, beside the due times"),
  due: about(Time, "without jitter; of a run that was asked for, when"),
  outcome: Schema.Literals(["sending", "sent", "gated", "skipped", "failed", "interrupted"]),
  startedAt: Time,
  endedAt: Schema.optionalKey(Time),
  detail: optional(Schema.String, "why it failed, or was left out")
}

export const RunResult = Schema.Struct(run).annotate({ identifier: "Run" })

const RunWithReceipt = Schema.Struct({
  ...run,
  receipt: optional(ReceiptResult, "absent: nothing was published, or it is no longer kept")
}).annotate({ identifier: "RunWithReceipt" })

const cursor = optional(Schema.String, "where the next page begins; absent: this is the last")

export const SchedulePage = Schema.Struct({
  schedules: about(
    Schema.Array(ScheduleHead),
    "without their payloads and with their first 100 channels, in the order of their ids; may be fewer than asked for where cursor says that there are more"
  ),
  cursor
}).annotate({ identifier: "SchedulePage" })

export const RunPage = Schema.Struct({
  runs: about(Schema.Array(RunWithReceipt), "newest first"),
  cursor
}).annotate({ identifier: "RunPage" })

export const ReceiptPage = Schema.Struct({
  receipts: about(Schema.Array(ReceiptResult), "newest first"),
  cursor
}).annotate({ identifier: "ReceiptPage" })

const Problem = Schema.Struct({
  where: about(Schema.String, 'the member or parameter: "cron", "channels[3]"'),
  message: Schema.String
}).annotate({ identifier: "Problem" })

type Code = keyof typeof statuses

const errorOf = <C extends Code, M extends Schema.Struct.Fields>(code: C, more: M) =>
  Schema.Struct({ code: Schema.Literal(code), message: Schema.String, ...more })

/** Error answers, by code. */
export const failures = {
  invalid: Schema.Struct({
    error: errorOf("invalid", { problems: about(Schema.Array(Problem), "all of them, at most 100") })
  }).annotate({ identifier: "Invalid", description: "the request has problems" }),
  not_found: Schema.Struct({ error: errorOf("not_found", {}) }).annotate({
    identifier: "NotFound",
    description: "there is none with this id"
  }),
  conflict: Schema.Struct({ error: errorOf("conflict", {}), schedule: ScheduleResult }).annotate({
    identifier: "Conflict",
    description: "it is not as the request assumes, but as schedule says"
  }),
  unavailable: Schema.Struct({ error: errorOf("unavailable", {}) }).annotate({
    identifier: "Unavailable",
    description: "the store cannot be used now; nothing was changed"
  }),
  too_many: Schema.Struct({ error: errorOf("too_many", {}) }).annotate({
    identifier: "TooMany",
    description: "schedules.max is reached"
  })
}

export const failureOf = (code: keyof typeof failures) => ({ schema: failures[code], status: statuses[code] })
