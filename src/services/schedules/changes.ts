/** What somebody asks of a schedule, from how it was to how it is then. Pure; a sentence where its state does not allow it. */
import { isDeepStrictEqual } from "node:util"
import * as Result from "effect/Result"
import { fireAtOf } from "./jitter.ts"
import { initialDue, lastDue, nextDue } from "./occurrences.ts"
import type { Schedule, ScheduleSpec, Trigger } from "./Schedule.ts"
import { advance, type ScheduleEvent } from "./scheduleMachine.ts"

type Changed = Result.Result<Schedule, string>

const NOT_DUE = { due: undefined, fireAt: undefined }

/** @param least the run begins at this time at least, in ms: what is asked for now was not missed before */
const dueAt = (id: string, { trigger, jitter }: ScheduleSpec, due: number | undefined, least: number) =>
  due === undefined ? NOT_DUE : { due, fireAt: Math.max(fireAtOf(id, trigger, due, jitter), least) }

/** A trigger that was read and accepted is due at least once. Written out, for so many are created in a second. */
export const created = (id: string, spec: ScheduleSpec, now: number): Schedule => {
  const { due, fireAt } = dueAt(id, spec, initialDue(spec.trigger, now), now)
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

/** Whether a due time that has come, and whose run waits for its jitter, is the last one of another trigger, too. */
const isPendingIn = (trigger: Trigger, due: number, now: number): boolean =>
  due <= now && lastDue(trigger, due) === due && (nextDue(trigger, due) ?? Number.POSITIVE_INFINITY) > now

/** With another trigger: the due time whose run waits, if it has that, else the first from now on that was not dealt with. */
export const dueFrom = (
  trigger: Trigger,
  { due, lastDue: dealtWith = Number.NEGATIVE_INFINITY }: Schedule,
  now: number
): number | undefined => {
  if (due !== undefined && isPendingIn(trigger, due, now)) return due
  const initial = initialDue(trigger, now)
  return initial !== undefined && initial <= dealtWith ? nextDue(trigger, dealtWith) : initial
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
  return changed(schedule, event, now, dueAt(schedule.id, schedule, next, now))
}

export const cancelled = (schedule: Schedule, now: number): Changed =>
  schedule.state === "cancelled"
    ? Result.succeed(schedule)
    : changed(schedule, { type: "cancel" }, now, NOT_DUE)

/**
 * A run that waits is not late because of a change: it begins now, where it should have begun before.
 *
 * @param spec what it is to do from now on: all of it; it has a due time left
 */
export const updated = (schedule: Schedule, spec: ScheduleSpec, now: number): Changed => {
  const { id, state, revision, createdAt, lastDue, runs, records, failure } = schedule
  const isSameTrigger = isDeepStrictEqual(spec.trigger, schedule.trigger)
  const due = isSameTrigger ? schedule.due : dueFrom(spec.trigger, schedule, now)
  const least = due === schedule.due ? Math.min(now, schedule.fireAt ?? now) : now
  const times = state === "paused" ? NOT_DUE : dueAt(id, spec, due, least)
  // Members that the new spec does not have are gone.
  const kept = { id, state, revision, createdAt, updatedAt: now, lastDue, runs, records, failure }
  const whole: Schedule = { ...spec, ...kept, ...times }
  return changed(whole, { type: "update" }, now, {})
}
