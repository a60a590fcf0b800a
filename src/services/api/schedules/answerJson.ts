/**
 * Schedules, runs and receipts as JSON text; their schemas are in results.ts. Times are ISO 8601 in UTC with milliseconds, durations
 * milliseconds, receipts keep their own numbers. What has no value is left out.
 */
import { CHANNELS_KEPT } from "../../receipts/GrowingReceipt.ts"
import type { Receipt } from "../../receipts/Receipts.ts"
import type { Run, Schedule, Trigger } from "../../schedules/Schedule.ts"
import type { RunWithReceipt } from "../../schedules/Scheduler.ts"
import { payload } from "../resultJson.ts"

export const timeText = (ms: number): string => new Date(ms).toISOString()

const maybeTime = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : timeText(ms)

const triggerMembers = (trigger: Trigger): object => {
  if (trigger.kind === "at") return { at: timeText(trigger.at) }
  const span = { start: timeText(trigger.start), end: maybeTime(trigger.end) }
  return trigger.kind === "every"
    ? { every: trigger.every, ...span }
    : { cron: trigger.expression, timeZone: trigger.timeZone, ...span }
}

const members = (schedule: Schedule) => ({
  id: schedule.id,
  revision: schedule.revision,
  state: schedule.state,
  about: schedule.about,
  ...triggerMembers(schedule.trigger),
  due: maybeTime(schedule.due),
  fireAt: maybeTime(schedule.fireAt),
  runs: schedule.runs,
  maxRuns: schedule.maxRuns,
  failure: schedule.failure,
  createdAt: timeText(schedule.createdAt),
  updatedAt: timeText(schedule.updatedAt),
  channels: schedule.channels,
  channelCount: schedule.channels.length,
  tags: schedule.tags,
  jitter: schedule.jitter,
  minConnections: schedule.minConnections,
  catchUp: schedule.catchUp
})

/** As it stands in lists: without its payload, and with the first of its channels alone, as both may be long. */
export const scheduleHeadJson = (schedule: Schedule): string =>
  JSON.stringify({ ...members(schedule), channels: schedule.channels.slice(0, CHANNELS_KEPT) })

/** @param next the next due times, where they are told */
export const scheduleJson = (schedule: Schedule, next?: ReadonlyArray<number>): string => {
  const head = JSON.stringify({ ...members(schedule), next: next?.map(timeText) })
  const { payload: what } = schedule
  const body = what.kind === "data" ? payload("data", what.data) : `,"template":${what.text}`
  return `${head.slice(0, -1)}${body}}`
}

export const receiptJson = (receipt: Receipt): string =>
  JSON.stringify(receipt, (_, value) => (value === null ? undefined : value))

const runMembers = (run: Run): object => ({
  id: run.id,
  schedule: run.schedule,
  number: run.number,
  isAsked: run.isAsked,
  due: timeText(run.due),
  outcome: run.outcome,
  startedAt: timeText(run.startedAt),
  endedAt: maybeTime(run.endedAt),
  detail: run.detail
})

export const runJson = (run: Run): string => JSON.stringify(runMembers(run))

export const runWithReceiptJson = (run: RunWithReceipt): string =>
  run.receipt === null ? runJson(run) : `${runJson(run).slice(0, -1)},"receipt":${receiptJson(run.receipt)}}`

/** `{"<name>": [...], "cursor"?}` */
export const pageJson = <A>(
  name: string,
  { items, cursor }: { readonly items: ReadonlyArray<A>; readonly cursor?: string | undefined },
  json: (item: A) => string,
  write: (cursor: string) => string
): string => {
  const next = cursor === undefined ? "" : `,"cursor":${JSON.stringify(write(cursor))}`
  return `{"${name}":[${items.map(json).join(",")}]${next}}`
}
