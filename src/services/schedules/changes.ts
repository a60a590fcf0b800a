/**
 * What somebody asks of a schedule, from how it was to how it is then, with what is recorded of it. Pure; a sentence where its state does not allow it.
 */
import { isDeepStrictEqual } from "node:util"
import * as Result from "effect/Result"
import type { Decision } from "./firing.ts"
import { fireAtOf } from "./jitter.ts"
import { initialDue, lastDue, nextDue } from "./occurrences.ts"
import { type Intervention, passOver } from "./passedOver.ts"
import type { Schedule, ScheduleSpec, Trigger } from "./Schedule.ts"
import { advance, type ScheduleEvent } from "./scheduleMachine.ts"

type Changed = Result.Result<Decision, string>

/** When it is, and how a record is called. */
export type Moment = Pick<Intervention, "now" | "newId">

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

const isSameButEnd = (one: Trigger, other: Trigger): boolean =>
  isDeepStrictEqual({ ...one, end: undefined }, { ...other, end: undefined })

/** Whether due times have come whose runs wait, and another trigger has them, too: there is one, or it differs in its end alone. */
const hasWaiting = (trigger: Trigger, { due, trigger: before }: Schedule, now: number): boolean => {
  if (due === undefined || due > now) return false
  const newest = lastDue(before, now)
  return lastDue(trigger, now) === newest && (due === newest || isSameButEnd(trigger, before))
}

/** With another trigger: the first due time whose run waits, if it has those that do, else the first from now on that was not dealt with. */
export const dueFrom = (trigger: Trigger, schedule: Schedule, now: number): number | undefined => {
  const { due, lastDue: dealtWith = Number.NEGATIVE_INFINITY } = schedule
  if (hasWaiting(trigger, schedule, now)) return due
  const initial = initialDue(trigger, now)
  return initial !== undefined && initial <= dealtWith ? nextDue(trigger, dealtWith) : initial
}

const changed = (
  before: Schedule,
  event: ScheduleEvent,
  now: number,
  more: Partial<Schedule>,
  runs: Decision["runs"] = []
): Changed =>
  Result.map(advance(before, event), ({ state }) => ({
    before,
    schedule: { ...before, ...more, state, revision: before.revision + 1, updatedAt: now },
    runs
  }))

/** The same again changes nothing. */
const asItIs = (schedule: Schedule): Changed => Result.succeed({ before: schedule, schedule, runs: [] })

/** It waits for nothing any more. */
const stopped = (
  schedule: Schedule,
  event: ScheduleEvent,
  { now, newId }: Moment,
  did: "paused" | "cancelled"
): Changed => {
  const { runs, changes } = passOver(schedule, { now, newId, did })
  return changed(schedule, event, now, { ...NOT_DUE, ...changes }, runs)
}

export const paused = (schedule: Schedule, moment: Moment): Changed =>
  schedule.state === "paused" ? asItIs(schedule) : stopped(schedule, { type: "pause" }, moment, "paused")

/** From now on: what was due while it was paused is not caught up. */
export const resumed = (schedule: Schedule, { now }: Moment): Changed => {
  if (schedule.state === "scheduled") return asItIs(schedule)
  const after = Math.max(now - 1, schedule.lastDue ?? Number.NEGATIVE_INFINITY)
  const next = nextDue(schedule.trigger, after)
  const event = { type: "resume", hasNext: next !== undefined } as const
  return changed(schedule, event, now, dueAt(schedule.id, schedule, next, now))
}

export const cancelled = (schedule: Schedule, moment: Moment): Changed =>
  schedule.state === "cancelled"
    ? asItIs(schedule)
    : stopped(schedule, { type: "cancel" }, moment, "cancelled")

/**
 * A run that waits is not late because of a change: it begins now, where it should have begun before. What waits and is not due any more is passed
 * over.
 *
 * @param spec what it is to do from now on: all of it; it has a due time left
 */
export const updated = (schedule: Schedule, spec: ScheduleSpec, { now, newId }: Moment): Changed => {
  const { id, state, revision, createdAt, runs: count, failure } = schedule
  const isSameTrigger = isDeepStrictEqual(spec.trigger, schedule.trigger)
  const due = isSameTrigger ? schedule.due : dueFrom(spec.trigger, schedule, now)
  const least = due === schedule.due ? Math.min(now, schedule.fireAt ?? now) : now
  const times = state === "paused" ? NOT_DUE : dueAt(id, spec, due, least)
  const { runs, changes } = passOver(schedule, { now, newId, did: "changed", before: due })
  // Members that the new spec does not have are gone.
  const kept = { id, state, revision, createdAt, updatedAt: now, runs: count, failure, ...changes }
  const whole: Schedule = { ...spec, ...kept, ...times }
  return Result.map(changed(whole, { type: "update" }, now, {}, runs), (decision) => ({
    ...decision,
    before: schedule
  }))
}
