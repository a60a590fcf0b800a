/**
 * From a request to what a schedule is to do, or to a list of everything that is wrong with it.
 *
 * Values are looked at whatever their types say: embedding programs and HTTP bodies have others.
 */
import { isDeepStrictEqual } from "node:util"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { nearest } from "../../config/nearest.ts"
import { dueFrom } from "./changes.ts"
import { Problems } from "./Problems.ts"
import { type PayloadRules, readChannels, readPayload } from "./payloadRequest.ts"
import { readDuration } from "./readTime.ts"
import type { CatchUp, Schedule, ScheduleSpec, Trigger } from "./Schedule.ts"
import type { Problem, ScheduleChange, ScheduleRequest, WhenRequest } from "./Scheduler.ts"
import { changedWhen, readWhen, WHEN_MEMBERS } from "./whenRequest.ts"

/** What requests are held to. */
export interface RequestRules extends Omit<PayloadRules, "isWhole"> {
  /**
   * The present, in ms since the epoch. To see whether a request is the one that an existing schedule was made by, it is read once more
   * with `createdAt` of that schedule.
   */
  readonly now: number
}

export interface ReadRequest {
  readonly id: string | undefined
  readonly spec: ScheduleSpec
}

type Listed<A> = Result.Result<A, ReadonlyArray<Problem>>

/** Characters of `about`. */
export const ABOUT_LENGTH = 1000

/** Bytes of all tags, names and values. */
export const TAGS_SIZE = 4096

/** The longest jitter: 366 days, in ms. */
export const MAX_JITTER = 366 * 86_400_000

const ID = /^[A-Za-z0-9_.:-]{1,128}$/

const CATCH_UPS: ReadonlyArray<unknown> = ["skip", "once", "all"] satisfies ReadonlyArray<CatchUp>

const MEMBERS: ReadonlyArray<string> = [
  ...[
    "id",
    "channels",
    "data",
    "template",
    "tags",
    "maxRuns",
    "jitter",
    "minConnections",
    "catchUp",
    "about"
  ],
  ...WHEN_MEMBERS
]

/** The members that are not about when, where and what. */
type Manner = Pick<ScheduleSpec, "tags" | "maxRuns" | "jitter" | "minConnections" | "catchUp" | "about">

const checkNames = (request: object, known: ReadonlyArray<string>, problems: Problems): void => {
  for (const name of Object.keys(request)) {
    if (known.includes(name)) continue
    const near = name.length <= 32 ? nearest(name, known) : undefined
    problems.add(
      name.slice(0, 32),
      `is no member of a schedule${near === undefined ? "" : `; is it ${near}?`}`
    )
  }
}

const checkTags = (tags: unknown, problems: Problems): void => {
  if (typeof tags !== "object" || tags === null || Array.isArray(tags))
    return problems.add("tags", "expected an object of texts")
  let size = 0
  for (const [name, value] of Object.entries(tags)) {
    if (typeof value !== "string") problems.add(`tags.${name.slice(0, 32)}`, "expected a text")
    else size += Buffer.byteLength(name) + Buffer.byteLength(value)
  }
  if (size > TAGS_SIZE) problems.add("tags", `have ${size} bytes, and ${TAGS_SIZE} are possible`)
}

const checkWhole = (where: string, value: unknown, least: number, problems: Problems): void => {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    problems.add(where, `expected a whole number of at least ${least}`)
}

const readJitter = (value: unknown, trigger: Trigger | undefined, problems: Problems): number => {
  const read = readDuration(value)
  if (Result.isFailure(read)) problems.add("jitter", read.failure)
  else if (read.success > MAX_JITTER) problems.add("jitter", "is longer than 366 days")
  else if (trigger?.kind === "every" && read.success >= trigger.every)
    problems.add("jitter", "is not less than every")
  return Result.getOrElse(read, () => 0)
}

const readManner = (
  request: Partial<ScheduleRequest>,
  trigger: Trigger | undefined,
  problems: Problems
): Manner => {
  const { tags, maxRuns, jitter = 0, minConnections = 0, catchUp = "once", about = "" } = request
  if (tags !== undefined) checkTags(tags, problems)
  if (maxRuns !== undefined) checkWhole("maxRuns", maxRuns, 1, problems)
  checkWhole("minConnections", minConnections, 0, problems)
  if (!CATCH_UPS.includes(catchUp)) problems.add("catchUp", 'expected one of "skip", "once", "all"')
  if (typeof about !== "string" || about.length > ABOUT_LENGTH)
    problems.add("about", `expected a text of at most ${ABOUT_LENGTH} characters`)
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(maxRuns === undefined ? {} : { maxRuns }),
    jitter: readJitter(jitter, trigger, problems),
    minConnections,
    catchUp,
    about
  }
}

/** Whether there can be a schedule with this id. */
export const isScheduleId = (id: string): boolean => ID.test(id)

const checkId = (id: unknown, problems: Problems): void => {
  if (id !== undefined && !(typeof id === "string" && isScheduleId(id)))
    problems.add("id", "expected 1 to 128 letters, digits, hyphens, underscores, dots and colons")
}

/** Reads all members; undefined only where there are problems or members are missing. */
const readSpec = (
  request: Partial<ScheduleRequest>,
  trigger: Trigger | undefined,
  rules: PayloadRules,
  problems: Problems
): ScheduleSpec | undefined => {
  const where = readChannels(request.channels, rules, problems)
  const payload = readPayload(request, where?.takers ?? new Map(), rules, problems)
  const manner = readManner(request, trigger, problems)
  if (problems.count > 0 || trigger === undefined || where === undefined || payload === undefined)
    return undefined
  return { trigger, channels: where.channels, payload, ...manner }
}

const lateness = ({ config }: RequestRules): number => Duration.toMillis(config.lateness)

/** What a new schedule is to do. */
export const readRequest = (request: ScheduleRequest, rules: RequestRules): Listed<ReadRequest> => {
  const problems = new Problems()
  const whole = { ...rules, lateness: lateness(rules), isWhole: true }
  checkNames(request, MEMBERS, problems)
  checkId(request.id, problems)
  const trigger = readWhen(request, whole, problems)
  const spec = readSpec(request, trigger, whole, problems)
  return spec === undefined ? Result.fail(problems.list) : Result.succeed({ id: request.id, spec })
}

/** What a change takes away is absent. */
const withoutNulls = (change: ScheduleChange): Partial<ScheduleRequest> =>
  Object.fromEntries(Object.entries(change).map(([name, value]) => [name, value ?? undefined]))

/** What is wrong with the members that are there. */
export const checkRequest = (
  request: ScheduleChange & Pick<ScheduleRequest, "id">,
  rules: RequestRules
): ReadonlyArray<Problem> => {
  const problems = new Problems()
  const partly = { ...rules, lateness: lateness(rules), isWhole: false }
  checkNames(request, [...MEMBERS, "revision"], problems)
  checkId(request.id, problems)
  const given = withoutNulls(request)
  readSpec(given, readWhen(given, partly, problems), partly, problems)
  return problems.list
}

/** When a schedule would be due. */
export const readPreview = (
  request: WhenRequest & Pick<ScheduleRequest, "maxRuns">,
  rules: RequestRules
): Listed<Trigger> => {
  const problems = new Problems()
  checkNames(request, [...WHEN_MEMBERS, "maxRuns"], problems)
  if (request.maxRuns !== undefined) checkWhole("maxRuns", request.maxRuns, 1, problems)
  const trigger = readWhen(request, { ...rules, lateness: lateness(rules), isWhole: true }, problems)
  return trigger === undefined || problems.count > 0 ? Result.fail(problems.list) : Result.succeed(trigger)
}

const NOTHING_LEFT = "leaves nothing to do: all its due times have been dealt with"

/** The member of a change that says how far its due times go. */
const whereOf = ({ kind }: Trigger, { delay }: ScheduleChange): string =>
  kind === "at" ? (delay === undefined ? "at" : "delay") : "end"

/** What a changed schedule is to do. What the change does not name stays as it is. */
export const readChange = (
  schedule: Schedule,
  change: ScheduleChange,
  rules: RequestRules
): Listed<ScheduleSpec> => {
  const problems = new Problems()
  const whole = { ...rules, lateness: lateness(rules), isWhole: true }
  checkNames(change, [...MEMBERS.filter((name) => name !== "id"), "revision"], problems)
  const when = changedWhen(schedule.trigger, change)
  const trigger = when === undefined ? schedule.trigger : readWhen(when, whole, problems)
  const { channels, payload, tags, maxRuns, jitter, minConnections, catchUp, about } = schedule
  const named = withoutNulls(
    Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  )
  const what =
    change.data !== undefined || change.template !== undefined
      ? {}
      : payload.kind === "data"
        ? { data: payload.data }
        : { template: payload.text }
  const request = { channels, ...what, tags, maxRuns, jitter, minConnections, catchUp, about, ...named }
  const spec = readSpec(request, trigger, whole, problems)
  if (when !== undefined && trigger !== undefined && dueFrom(trigger, schedule, rules.now) === undefined)
    problems.add(whereOf(trigger, change), NOTHING_LEFT)
  if (typeof change.maxRuns === "number" && change.maxRuns <= schedule.runs)
    problems.add("maxRuns", `is not more than the ${schedule.runs} runs that it has had`)
  return spec === undefined || problems.count > 0 ? Result.fail(problems.list) : Result.succeed(spec)
}

/** Without members that are undefined, and with bytes that compare whatever their class. */
const comparable = (spec: ScheduleSpec): unknown => {
  const { trigger, channels, payload, tags = {}, maxRuns, jitter, minConnections, catchUp, about } = spec
  const { end, ...rest } = { end: undefined, ...trigger }
  const what = payload.kind === "data" ? Buffer.from(payload.data).toString("base64") : payload.text
  return [
    rest,
    end,
    channels,
    payload.kind,
    what,
    { ...tags },
    maxRuns,
    jitter,
    minConnections,
    catchUp,
    about
  ]
}

/** Whether two schedules are to do the same. */
export const isSameSpec = (one: ScheduleSpec, other: ScheduleSpec): boolean =>
  isDeepStrictEqual(comparable(one), comparable(other))
