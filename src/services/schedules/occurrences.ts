/**
 * The due times of a trigger, without jitter. Each answer takes bounded time, however long the trigger goes back.
 *
 * A trigger that cannot be evaluated (its zone is not in this machine's database) has none; `triggerProblem` tells.
 */
import * as Result from "effect/Result"
import { cronTimes } from "./CronTimes.ts"
import type { Trigger } from "./Schedule.ts"

type Every = Extract<Trigger, { readonly kind: "every" }>
type Cron = Extract<Trigger, { readonly kind: "cron" }>

const beforeEnd = (time: number | undefined, { end }: Every | Cron): number | undefined =>
  time !== undefined && (end === undefined || time < end) ? time : undefined

const timesOf = ({ expression, timeZone }: Cron) => Result.getOrUndefined(cronTimes(expression, timeZone))

/** Why a trigger cannot be evaluated; undefined where it can. */
export const triggerProblem = (trigger: Trigger): string | undefined => {
  if (trigger.kind !== "cron") return undefined
  const times = cronTimes(trigger.expression, trigger.timeZone)
  return Result.isFailure(times) ? `${times.failure.where} ${times.failure.message}` : undefined
}

/** The first due time after a time; undefined: none. */
export const nextDue = (trigger: Trigger, after: number): number | undefined => {
  switch (trigger.kind) {
    case "at":
      return trigger.at > after ? trigger.at : undefined
    case "every": {
      const { every, start } = trigger
      const next = after < start ? start : start + (Math.floor((after - start) / every) + 1) * every
      return beforeEnd(next, trigger)
    }
    case "cron":
      return beforeEnd(timesOf(trigger)?.next(Math.max(after, trigger.start - 1)), trigger)
  }
}

/** The last due time at or before a time; undefined: none. */
export const lastDue = (trigger: Trigger, at: number): number | undefined => {
  if (trigger.kind === "at") return trigger.at <= at ? trigger.at : undefined
  const { start, end } = trigger
  const until = end === undefined ? at : Math.min(at, end - 1)
  if (until < start) return undefined
  if (trigger.kind === "every") return until - ((until - start) % trigger.every)
  const found = timesOf(trigger)?.last(until)
  return found !== undefined && found >= start ? found : undefined
}

/** The first due time of all. */
export const firstDue = (trigger: Trigger): number | undefined => nextDue(trigger, Number.NEGATIVE_INFINITY)

/** The first due time of a schedule that is made now: the time of a one-shot, even where it has just passed, else the first from now on. */
export const initialDue = (trigger: Trigger, now: number): number | undefined =>
  trigger.kind === "at" ? trigger.at : nextDue(trigger, now - 1)

/** The due times after a time, at most so many. */
export const upcoming = (trigger: Trigger, after: number, count: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let next = nextDue(trigger, after); next !== undefined && times.length < count; ) {
    times.push(next)
    next = nextDue(trigger, next)
  }
  return times
}

/** How many due times there are from `from` until `to`, both counted. Those of cron are counted one by one, up to `limit`. */
export const countDue = (trigger: Trigger, from: number, to: number, limit: number): number => {
  const last = lastDue(trigger, to)
  if (last === undefined || last < from) return 0
  if (trigger.kind === "at") return 1
  if (trigger.kind === "every") {
    const first = nextDue(trigger, from - 1) ?? last
    return (last - first) / trigger.every + 1
  }
  let count = 0
  let time: number | undefined = last
  while (time !== undefined && time >= from && count < limit) {
    count++
    time = lastDue(trigger, time - 1)
  }
  return count
}
