/**
 * Which due times are run now, after however long a time: those that are on time, and of the missed ones what the policy says.
 *
 * Pure. A due time is judged by when its run should have begun, jitter included. Nothing at or before the last due time that was dealt with
 * is looked at again, so a clock that was set back makes nothing run twice.
 */
import { countDue, lastDue, nextDue } from "./occurrences.ts"
import type { CatchUp, Trigger } from "./Schedule.ts"

/** Due times of cron that are counted one by one, for `leftOut`. */
export const COUNTED = 100

export interface CatchUpInput {
  readonly trigger: Trigger
  readonly policy: CatchUp
  /** The earliest due time that is not dealt with: the schedule's `due`. */
  readonly due: number
  readonly now: number
  /** How late a run may begin and is still on time, in ms: `schedules.lateness`. */
  readonly lateness: number
  /** Runs of one decision at most: `schedules.catchUpRuns`, or fewer where `maxRuns` of the schedule leaves fewer, even none. */
  readonly maxRuns: number
  /** When the run of a due time begins, at or after it and before the next due time. */
  readonly fireAt: (due: number) => number
}

export interface CatchUpPlan {
  /** Due times to run now, oldest first. */
  readonly runs: ReadonlyArray<number>
  /** How many of `runs` are late, which are the first ones. */
  readonly late: number
  /** Due times that are not run. Of cron at most `COUNTED` are counted: that many means at least so many. */
  readonly leftOut: number
  /** The newest due time that is left out. */
  readonly lastLeftOut: number | undefined
  /** The first due time after all of these. */
  readonly next: number | undefined
}

/** The newest due time whose run should have begun. */
const newestBegun = ({ trigger, due, now, fireAt }: CatchUpInput): number | undefined => {
  const last = Math.max(lastDue(trigger, now) ?? due, due)
  const begun = fireAt(last) <= now ? last : lastDue(trigger, last - 1)
  return begun !== undefined && begun >= due ? begun : undefined
}

/** Due times backwards from `newest`, while they are pending and `isWanted`, at most so many; newest first. */
const backwards = (
  { trigger, due }: CatchUpInput,
  newest: number | undefined,
  count: number,
  isWanted: (time: number) => boolean
): ReadonlyArray<number> => {
  const times: Array<number> = []
  let time = newest
  while (time !== undefined && time >= due && times.length < count && isWanted(time)) {
    times.push(time)
    time = lastDue(trigger, time - 1)
  }
  return times
}

const missedWanted = (policy: CatchUp, room: number): number =>
  policy === "skip" ? 0 : policy === "once" ? Math.min(1, room) : room

export const catchUp = (input: CatchUpInput): CatchUpPlan => {
  const { trigger, policy, due, now, lateness, maxRuns, fireAt } = input
  const newest = newestBegun(input)
  if (newest === undefined) return { runs: [], late: 0, leftOut: 0, lastLeftOut: undefined, next: due }
  const onTime = backwards(input, newest, maxRuns, (time) => fireAt(time) >= now - lateness)
  const beforeOnTime = onTime.length === 0 ? newest : lastDue(trigger, onTime.at(-1)! - 1)
  const late = backwards(input, beforeOnTime, missedWanted(policy, maxRuns - onTime.length), () => true)
  const oldestRun = late.at(-1) ?? onTime.at(-1)
  const rest = oldestRun === undefined ? newest : lastDue(trigger, oldestRun - 1)
  const lastLeftOut = rest !== undefined && rest >= due ? rest : undefined
  return {
    runs: [...onTime, ...late].reverse(),
    late: late.length,
    leftOut: lastLeftOut === undefined ? 0 : countDue(trigger, due, lastLeftOut, COUNTED),
    lastLeftOut,
    next: nextDue(trigger, newest)
  }
}
