/** What somebody asks of a schedule, from how it was to how it is then. Pure; a sentence where its state does not allow it. */
import { isDeepStrictEqual } from "node:util"
import * as Result from "effect/Result"
import { fireAtOf } from "./jitter.ts"
import { initialDue, nextDue } from "./occurrences.ts"
import type { Schedule, ScheduleSpec } from "./Schedule.ts"
import { advance, type ScheduleEvent } from "./scheduleMachine.ts"

type Changed = Result.Result<Schedule, string>

const NOT_DUE = { due: undefined, fireAt: undefined }

const dueAt = (id: string, { trigger, jitter }: ScheduleSpec, due: number | undefined) =>
  due === undefined ? NOT_DUE : { due, fireAt: fireAtOf(id, trigger, due, jitter) }

/** A trigger that was read and accepted is due at least once. Written out, for so many are created in a second. */
export const created = (id: string, spec: ScheduleSpec, now: number): Schedule => {
  const { due, fireAt } = dueAt(id, spec, initialDue(spec.trigger, now))
  return {
    id,
    revision: 1,
    state: "scheduled",
    trigger: spec.trigger,
    channels: spec.channels,
    payload: spec.payload,
    tags: spec.tags,
    maxRuns: spec.maxRuns,
    jitter: spec.jitter,
    minConnections: spec.minConnections,
    catchUp: spec.catchUp,
    about: spec.about,
    createdAt: now,
    updatedAt: now,
    due,
    fireAt,
    lastDue: undefined,
    runs: 0,
    records: 0,
    failure: undefined
  }
}

/** The first due time from now on that was not dealt with. */
const dueFrom = ({ trigger }: ScheduleSpec, { lastDue }: Schedule, now: number): number | undefined => {
  const initial = initialDue(trigger, now)
  return lastDue === undefined || initial === undefined || initial > lastDue
    ? initial
    : nextDue(trigger, lastDue)
}

const changed = (schedule: Schedule, event: ScheduleEvent, now: number, more: Partial<Schedule>): Changed =>
  Result.map(advance(schedule, event), ({ state }) => ({
    ...schedule,
    ...more,
    state,
    revision: schedule.revision + 1,
    updatedAt: now
  }))

/** The same again changes nothing. */
export const paused = (schedule: Schedule, now: number): Changed =>
  schedule.state === "paused" ? Result.succeed(schedule) : changed(schedule, { type: "pause" }, now, NOT_DUE)

/** From now on: what was due while it was paused is not caught up. */
export const resumed = (schedule: Schedule, now: number): Changed => {
  if (schedule.state === "scheduled") return Result.succeed(schedule)
  const after = Math.max(now - 1, schedule.lastDue ?? Number.NEGATIVE_INFINITY)
  const next = nextDue(schedule.trigger, after)
  const event = { type: "resume", hasNext: next !== undefined } as const
  return changed(schedule, event, now, dueAt(schedule.id, schedule, next))
}

export const cancelled = (schedule: Schedule, now: number): Changed =>
  schedule.state === "cancelled"
    ? Result.succeed(schedule)
    : changed(schedule, { type: "cancel" }, now, NOT_DUE)

/** @param spec what it is to do from now on: all of it */
export const updated = (schedule: Schedule, spec: ScheduleSpec, now: number): Changed => {
  const { id, state, revision, createdAt, lastDue, runs, records, failure } = schedule
  const isSameTrigger = isDeepStrictEqual(spec.trigger, schedule.trigger)
  const due = isSameTrigger ? schedule.due : dueFrom(spec, schedule, now)
  const times = state === "paused" ? NOT_DUE : dueAt(id, spec, due)
  // Members that the new spec does not have are gone.
  const kept = { id, state, revision, createdAt, updatedAt: now, lastDue, runs, records, failure }
  const whole: Schedule = { ...spec, ...kept, ...times }
  return changed(whole, { type: "update" }, now, {})
}
