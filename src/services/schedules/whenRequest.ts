/** From what a request says of when, to a trigger that is due at least once. */
import * as Result from "effect/Result"
import { cronTimes } from "./CronTimes.ts"
import { initialDue } from "./occurrences.ts"
import type { Problems } from "./Problems.ts"
import { formatTime, LAST_TIME, readDuration, readTime } from "./readTime.ts"
import type { Trigger } from "./Schedule.ts"
import type { WhenRequest } from "./Scheduler.ts"
import { zoneOf } from "./timeZones.ts"

/** The shortest interval of `every`, in ms. */
export const LEAST_EVERY = 100

export const WHEN_KINDS = ["at", "delay", "every", "cron"] as const
const RANGE = ["start", "end"] as const
export const WHEN_MEMBERS = [...WHEN_KINDS, "timeZone", ...RANGE] as const

const NEVER = "is never due: there is no such time before the year 3000"

export interface WhenRules {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** How far back an `at` may be, in ms. */
  readonly lateness: number
  /** False: what is missing is no problem. */
  readonly isWhole: boolean
}

type Read = (value: unknown) => Result.Result<number, string>

const atLeast =
  (least: number, what: string): Read =>
  (value) =>
    Result.flatMap(readDuration(value), (ms) =>
      ms >= least ? Result.succeed(ms) : Result.fail(`is less than ${what}`)
    )

const within =
  (now: number, read: Read): Read =>
  (value) =>
    Result.flatMap(read(value), (ms) =>
      now + ms <= LAST_TIME ? Result.succeed(ms) : Result.fail("leads behind the year 9999")
    )

class WhenReader {
  private readonly kinds: ReadonlyArray<(typeof WHEN_KINDS)[number]>

  constructor(
    private readonly request: WhenRequest,
    private readonly rules: WhenRules,
    private readonly problems: Problems
  ) {
    this.kinds = WHEN_KINDS.filter((kind) => request[kind] !== undefined)
  }

  read(): Trigger | undefined {
    const before = this.problems.count
    this.checkKinds()
    const trigger = this.readAll()
    if (this.problems.count > before || trigger === undefined) return undefined
    this.checkDue(trigger)
    return this.problems.count > before ? undefined : trigger
  }

  /** Exactly one kind, and nothing that belongs to another one. */
  private checkKinds(): void {
    const { kinds, problems, request, rules } = this
    if (kinds.length === 0 && rules.isWhole)
      problems.add("at", "is missing: one of at, delay, every and cron is needed")
    for (const kind of kinds.slice(1))
      problems.add(kind, `is too much beside ${kinds[0]}: only one of at, delay, every and cron is possible`)
    if (kinds.length === 0 || kinds.includes("cron")) return
    if (request.timeZone !== undefined) problems.add("timeZone", "belongs to cron only")
    if (kinds.includes("every")) return
    for (const member of RANGE)
      if (request[member] !== undefined) problems.add(member, "belongs to every and cron only")
  }

  /** Reads every member that is there, so that all problems are told. */
  private readAll(): Trigger | undefined {
    const { now } = this.rules
    const at = this.value("at", (value) => this.readAt(value))
    const delay = this.value("delay", within(now, readDuration))
    const every = this.value("every", within(now, atLeast(LEAST_EVERY, `${LEAST_EVERY} ms`)))
    const start = this.value("start", readTime)
    const end = this.value("end", readTime)
    const cron = this.readCron()
    if (start !== undefined && end !== undefined && end <= start)
      this.problems.add("end", "is not after start")
    switch (this.kinds[0]) {
      case undefined:
        return undefined
      case "at":
        return at === undefined ? undefined : { kind: "at", at }
      case "delay":
        return delay === undefined ? undefined : { kind: "at", at: now + delay }
      case "every":
        return every === undefined
          ? undefined
          : { kind: "every", every, start: start ?? now + every, ...(end === undefined ? {} : { end }) }
      case "cron":
        return cron && { kind: "cron", ...cron, start: start ?? now, ...(end === undefined ? {} : { end }) }
    }
  }

  private value(member: "at" | "delay" | "every" | "start" | "end", read: Read): number | undefined {
    if (this.request[member] === undefined) return undefined
    const result = read(this.request[member])
    if (Result.isSuccess(result)) return result.success
    this.problems.add(member, result.failure)
    return undefined
  }

  private readAt(value: unknown): Result.Result<number, string> {
    const { now, lateness } = this.rules
    return Result.flatMap(readTime(value), (at) =>
      at >= now - lateness
        ? Result.succeed(at)
        : Result.fail(`is in the past: ${formatTime(at)}, and it is ${formatTime(now)}`)
    )
  }

  private readCron(): { readonly expression: string; readonly timeZone: string } | undefined {
    const { kinds, request } = this
    // Of another trigger it is told already that the zone does not belong to it.
    if (kinds.length > 0 && !kinds.includes("cron")) return undefined
    const { cron: expression, timeZone = "UTC" } = request
    const zone = typeof timeZone === "string" ? zoneOf(timeZone) : undefined
    if (typeof timeZone !== "string") this.problems.add("timeZone", "expected a text")
    else if (zone === undefined) this.problems.add("timeZone", "is no time zone of the IANA database")
    if (expression === undefined) return undefined
    if (typeof expression !== "string") {
      this.problems.add("cron", "expected a text")
      return undefined
    }
    const times = cronTimes(expression, zone ?? "UTC")
    if (Result.isFailure(times)) this.problems.add("cron", times.failure.message)
    else if (times.success.next(this.rules.now) === undefined) this.problems.add("cron", NEVER)
    return { expression, timeZone }
  }

  private checkDue(trigger: Trigger): void {
    const { now } = this.rules
    if (initialDue(trigger, now) !== undefined) return
    const first = trigger.kind === "at" ? undefined : initialDue({ ...trigger, end: undefined }, now)
    if (first === undefined) this.problems.add("cron", NEVER)
    else this.problems.add("end", `is not after the first time it would be due, ${formatTime(first)}`)
  }
}

/** The trigger that a request asks for, or undefined, with problems, where it cannot be. */
export const readWhen = (request: WhenRequest, rules: WhenRules, problems: Problems): Trigger | undefined =>
  new WhenReader(request, rules, problems).read()

/** How a request says what a trigger is. */
const whenOf = (trigger: Trigger): WhenRequest => {
  if (trigger.kind === "at") return { at: trigger.at }
  const { start, end } = trigger
  return trigger.kind === "every"
    ? { every: trigger.every, start, end }
    : { cron: trigger.expression, timeZone: trigger.timeZone, start, end }
}

/** Members of a change: null takes away what is optional. */
export type WhenChange = { readonly [Member in keyof WhenRequest]?: WhenRequest[Member] | null }

/**
 * What a change makes of a trigger, as a request; undefined where it changes nothing of it. What the change does not name stays, unless it names
 * a trigger of another kind.
 */
export const changedWhen = (trigger: Trigger, change: WhenChange): WhenRequest | undefined => {
  const present = whenOf(trigger)
  const named: WhenRequest = Object.fromEntries(
    WHEN_MEMBERS.filter((member) => change[member] !== undefined).map((member) => [
      member,
      change[member] ?? undefined
    ])
  )
  if (WHEN_MEMBERS.every((member) => !(member in named) || named[member] === present[member]))
    return undefined
  const kinds = WHEN_KINDS.filter((kind) => named[kind] !== undefined)
  return kinds.length === 0 || (kinds.length === 1 && kinds[0] === trigger.kind)
    ? { ...present, ...named }
    : named
}
