/**
 * Due times that have come and whose runs will not begin, because somebody changes, pauses or cancels their schedule first. They are recorded as one
 * run that was skipped, as those are that a catch-up leaves out: no due time goes without a trace. Pure.
 */
import { COUNTED } from "./catchUp.ts"
import { countDue, lastDue } from "./occurrences.ts"
import type { Run, Schedule } from "./Schedule.ts"

/** What somebody does to it. */
export interface Intervention {
  readonly now: number
  readonly newId: () => string
  readonly did: "changed" | "paused" | "cancelled"
  /** The first due time that is not passed over; absent: all that have come are. */
  readonly before?: number | undefined
}

export interface PassedOver {
  readonly runs: ReadonlyArray<Run>
  /** What of the schedule is other then. */
  readonly changes: Pick<Schedule, "lastDue" | "records">
}

const textOf = (did: Intervention["did"], count: number): string =>
  `it was ${did} while ${count === 1 ? "one due time" : `${count} due times`} waited`

export const passOver = (schedule: Schedule, { now, newId, did, before }: Intervention): PassedOver => {
  const { id, state, trigger, due, records } = schedule
  const last = lastDue(trigger, before === undefined ? now : Math.min(now, before - 1))
  if (state !== "scheduled" || due === undefined || last === undefined || last < due)
    return { runs: [], changes: { lastDue: schedule.lastDue, records } }
  const run: Run = {
    id: newId(),
    schedule: id,
    number: 0,
    sequence: records + 1,
    isAsked: false,
    due: last,
    outcome: "skipped",
    startedAt: now,
    endedAt: now,
    detail: textOf(did, countDue(trigger, due, last, COUNTED))
  }
  return { runs: [run], changes: { lastDue: last, records: run.sequence } }
}
