/**
 * What becomes of a schedule whose time has come, and what once its run is over. Pure: what is decided here is committed before anything is
 * published, and again afterwards.
 */
import * as Result from "effect/Result"
import { type CatchUpPlan, catchUp } from "./catchUp.ts"
import { fireAtOf } from "./jitter.ts"
import { nextDue } from "./occurrences.ts"
import { finalStates, type Run, type Schedule } from "./Schedule.ts"
import type { Change } from "./ScheduleStore.ts"
import { advance, type ScheduleEvent } from "./scheduleMachine.ts"

/** What the decision depends on besides the schedule. */
export interface Moment {
  readonly now: number
  /** Live connections. */
  readonly connections: number
  /** How late a run may begin and is still on time, in ms. */
  readonly lateness: number
  readonly catchUpRuns: number
  readonly newId: () => string
  /** Whether a run in those channels may be published again after a crash. */
  readonly isRepeatable: (channels: Schedule["channels"]) => boolean
}

export interface Decision {
  readonly before: Schedule
  readonly schedule: Schedule
  /** What is recorded; the last one is to be published where its outcome is "sending". */
  readonly runs: ReadonlyArray<Run>
}

export const changesOf = ({ before, schedule, runs }: Decision): ReadonlyArray<Change> => [
  { kind: "schedule", schedule, before },
  ...runs.map((run): Change => ({ kind: "run", run }))
]

/** The run that is to be published now. */
export const openRunOf = ({ runs }: Decision): Run | undefined => {
  const last = runs.at(-1)
  return last?.outcome === "sending" ? last : undefined
}

type Mutable<A> = { -readonly [Member in keyof A]: A[Member] }

/** A schedule as it will be, and the records that are added to it. One copy, changed in place: 10,000 may be due at once. */
class ScheduleStep {
  readonly schedule: Mutable<Schedule>
  readonly runs: Array<Run> = []

  constructor(
    readonly before: Schedule,
    readonly now: number
  ) {
    this.schedule = { ...before, updatedAt: now }
  }

  record(run: Pick<Run, "id" | "due" | "outcome" | "isAsked" | "isRepeatable" | "detail">): this {
    const { now, schedule } = this
    const isOpen = run.outcome === "sending"
    this.runs.push({
      ...run,
      schedule: schedule.id,
      number: isOpen ? schedule.runs : 0,
      sequence: ++schedule.records,
      startedAt: now,
      endedAt: isOpen ? undefined : now
    })
    return this
  }

  /** A step of the machine, which must be possible: only states in which it is come here. */
  advance(event: ScheduleEvent): this {
    Object.assign(this.schedule, Result.getOrThrow(advance(this.schedule, event)))
    return this
  }

  /** Behind a due time: the schedule waits for the next one, or it has none any more. */
  goOn(dealtWith: number, next: number | undefined): this {
    const { schedule } = this
    const { id, trigger, jitter } = schedule
    const due = schedule.state === "scheduled" ? next : undefined
    schedule.lastDue = dealtWith
    schedule.due = due
    schedule.fireAt = due === undefined ? undefined : fireAtOf(id, trigger, due, jitter)
    return this
  }

  get decision(): Decision {
    return { before: this.before, schedule: this.schedule, runs: this.runs }
  }
}

const tooFew = (connections: number, { minConnections }: Schedule): string =>
  `${connections} of ${minConnections} connections`

const leftOut = ({ leftOut: count }: CatchUpPlan): string =>
  count === 1 ? "nobody could send in time" : `nobody could send ${count} times in time`

/**
 * A schedule whose `fireAt` has come. Where several due times have passed, the first run of what the catch-up policy wants of them; the
 * others follow when it is over. Undefined: there is nothing to do.
 */
export const begin = (schedule: Schedule, moment: Moment): Decision | undefined => {
  const { id, due, fireAt, trigger, jitter, maxRuns, runs, channels } = schedule
  const { now, connections, lateness, newId, isRepeatable } = moment
  if (schedule.state !== "scheduled" || due === undefined || fireAt === undefined || fireAt > now)
    return undefined
  const plan = catchUp({
    trigger,
    policy: schedule.catchUp,
    due,
    now,
    lateness,
    maxRuns: Math.min(moment.catchUpRuns, (maxRuns ?? Number.POSITIVE_INFINITY) - runs),
    // Of the first one it is as it was decided, which a change may have put off.
    fireAt: (time) => (time === due ? fireAt : fireAtOf(id, trigger, time, jitter))
  })
  const step = new ScheduleStep(schedule, now).advance({ type: "due" })
  const { lastLeftOut } = plan
  if (lastLeftOut !== undefined)
    step.record({
      id: newId(),
      due: lastLeftOut,
      outcome: "skipped",
      isAsked: false,
      detail: leftOut(plan)
    })
  const [first] = plan.runs
  if (first === undefined) {
    if (lastLeftOut === undefined) return undefined
    return step.advance({ type: "skip", hasNext: plan.next !== undefined }).goOn(lastLeftOut, plan.next)
      .decision
  }
  const next = nextDue(trigger, first)
  step.advance({ type: "send", connections, hasNext: next !== undefined })
  const run = { id: newId(), due: first, isAsked: false }
  if (step.schedule.state === "sending") {
    step.schedule.due = first
    step.schedule.fireAt = undefined
    return step.record({ ...run, outcome: "sending", isRepeatable: isRepeatable(channels) }).decision
  }
  if (connections < schedule.minConnections)
    step.record({ ...run, outcome: "gated", detail: tooFew(connections, schedule) })
  return step.goOn(first, next).decision
}

/** One run more, beside the due times; or why there can be none. */
export const beginAsked = (schedule: Schedule, moment: Moment): Result.Result<Decision, string> =>
  Result.map(advance(schedule, { type: "runNow" }), () => {
    const { now, connections, newId, isRepeatable } = moment
    const run = { id: newId(), due: now, isAsked: true }
    const sending = { outcome: "sending", isRepeatable: isRepeatable(schedule.channels) } as const
    const step = new ScheduleStep(schedule, now)
    return connections < schedule.minConnections
      ? step.record({ ...run, outcome: "gated", detail: tooFew(connections, schedule) }).decision
      : step.advance({ type: "runNow" }).record({ ...run, ...sending }).decision
  })

/** How a run ended. */
export interface Ending {
  readonly outcome: "sent" | "failed" | "interrupted"
  readonly detail: string | undefined
}

/** @param schedule as it is now, which has begun the run */
export const finish = (schedule: Schedule, run: Run, { outcome, detail }: Ending, now: number): Decision => {
  const step = new ScheduleStep(schedule, now)
  const ended: Run = { ...run, outcome, endedAt: now, detail }
  // Of a schedule that is over nothing changes any more.
  if (finalStates.has(schedule.state)) return { before: schedule, schedule, runs: [ended] }
  const next = nextDue(schedule.trigger, run.due)
  const hasNext = next !== undefined
  if (run.isAsked) {
    step.advance({ type: "ranNow" })
    if (finalStates.has(step.schedule.state)) step.goOn(schedule.lastDue ?? run.due, undefined)
  } else
    step
      .advance(
        outcome === "sent"
          ? { type: "sent", hasNext }
          : { type: "notSent", detail: detail ?? outcome, hasNext }
      )
      .goOn(run.due, next)
  return { ...step.decision, runs: [ended] }
}
