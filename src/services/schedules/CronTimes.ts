/**
 * The due times of one cron expression in one zone, with a window of those that were found already: schedules often share an expression, and
 * a search (about 40 µs) is 100 times as dear as a look into the window.
 *
 * The rules are croner's (MIT), why: docs/decisions/0021-cron.md. For people they are stated in docs/schedules.md.
 */
import { Cron } from "croner"
import * as Result from "effect/Result"
import { zoneOf } from "./timeZones.ts"

/** Due times of an expression that are remembered. */
const WINDOW = 256

/** Expressions that are kept parsed, the last used ones. Each takes about 85 KB (10,000 years in croner's pattern). */
export const PARSED = 128

/** Longest expression, in characters: each minute of an hour written out takes 169. */
export const EXPRESSION_LENGTH = 512

/** Where the search ends; no due time is at or after it. */
export const END_OF_CRON = Date.UTC(3000, 0, 1)

export class CronTimes {
  /** Due times without a gap between them: every one in (`from`, the last of them]. */
  private readonly known: Array<number> = []
  private from = 0
  /** There is none after this one. */
  private end = Number.POSITIVE_INFINITY

  constructor(private readonly cron: Cron) {}

  /** The first due time after a time. */
  next(after: number): number | undefined {
    if (after >= this.end) return undefined
    const { known } = this
    const last = known.at(-1)
    if (last === undefined || after < this.from || after > last) return this.restartAfter(after)
    return after === last ? this.append(last) : known[this.countUntil(after)]
  }

  /** The last due time at or before a time. */
  last(at: number): number | undefined {
    const { known } = this
    const newest = known.at(-1)
    if (newest === undefined || at < this.from) return this.restartBefore(at)
    if (at > newest) {
      const next = this.next(newest)
      return next === undefined || next > at ? newest : this.restartBefore(at)
    }
    const count = this.countUntil(at)
    return count > 0 ? known[count - 1] : this.prepend()
  }

  /** How many of the known ones are at or before a time. */
  private countUntil(time: number): number {
    const { known } = this
    let [low, high] = [0, known.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (known[middle]! <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  private restartAfter(after: number): number | undefined {
    const found = this.searchAfter(after)
    if (found === undefined) return undefined
    this.restart(after, found)
    return found
  }

  private restartBefore(at: number): number | undefined {
    const found = this.searchBefore(at + 1)
    if (found !== undefined) this.restart(found - 1, found)
    return found
  }

  private restart(from: number, first: number): void {
    this.known.length = 0
    this.known.push(first)
    this.from = from
  }

  private append(last: number): number | undefined {
    const found = this.searchAfter(last)
    if (found === undefined) return undefined
    if (this.known.push(found) > WINDOW) this.from = this.known.shift()!
    return found
  }

  private prepend(): number | undefined {
    const found = this.searchBefore(this.known[0]!)
    if (found === undefined) return undefined
    this.from = found - 1
    if (this.known.unshift(found) > WINDOW) this.known.pop()
    return found
  }

  private searchAfter(after: number): number | undefined {
    const found = after < END_OF_CRON ? this.cron.nextRun(new Date(after))?.getTime() : undefined
    if (found === undefined) this.end = Math.min(this.end, after)
    return found
  }

  private searchBefore(before: number): number | undefined {
    return this.cron.previousRuns(1, new Date(Math.min(before, END_OF_CRON)))[0]?.getTime()
  }
}

/** croner takes a text with a colon for a date. */
const isDate = (expression: string): boolean => expression.includes(":")

/** What croner knows; @midnight is @daily, @annually is @yearly. */
const NICKNAMES = ["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"]

/** What is wrong with an expression before its fields are looked at. */
const shapeProblem = (expression: string): string | undefined => {
  if (isDate(expression)) return "has a colon, which no cron expression has"
  const text = expression.trim()
  if (text.startsWith("@"))
    return NICKNAMES.includes(text.toLowerCase()) ? undefined : `is none of ${NICKNAMES.join(", ")}`
  const count = text === "" ? 0 : text.split(/\s+/).length
  if (count === 5 || count === 6) return undefined
  return `has ${count === 1 ? "1 field" : `${count} fields`}, not five, or six with seconds first`
}

/** Fields as our documents call them, in croner's order and by its names. */
const FIELDS = ["second", "minute", "hour", "day", "month", "weekday"]
const named = (field: string): string =>
  field === "dayOfWeek" ? "weekday" : field === "nearestWeekdays" ? "day" : field

/** What croner says of a field, in our words; it counts days and months from 0, and fields from the seconds. */
const explain = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/^CronPattern: (Syntax error, )?/, "")
    .replace(/^Invalid value for (\w+): (-?\d+)$/, (_, name: string, value: string) => {
      const field = named(name)
      return `has an invalid ${field}: ${field === "day" || field === "month" ? Number(value) + 1 : value}`
    })
    .replace(
      /^configuration entry (\d) \((.*)\) contains illegal characters\.$/,
      (_, index: string, text: string) => `has an invalid ${FIELDS[Number(index)]}: ${text}`
    )
    .replace(
      /^configuration entry (\w+) \(\) is empty.*$/,
      (_, name: string) => `has an empty ${named(name)}`
    )

const parse = (expression: string, timeZone: string): Result.Result<CronTimes, string> => {
  const problem = shapeProblem(expression)
  if (problem !== undefined) return Result.fail(problem)
  try {
    const options = { timezone: timeZone, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" } as const
    return Result.succeed(new CronTimes(new Cron(expression, options)))
  } catch (error) {
    return Result.fail(explain(error))
  }
}

/** By zone and expression, in the order of their last use. */
const parsed = new Map<string, CronTimes>()

/** What is wrong with an expression, or a zone, otherwise. */
export interface CronProblem {
  readonly where: "cron" | "timeZone"
  readonly message: string
}

/** The due times of an expression; the same object for the same expression in the same zone, while it is kept. */
export const cronTimes = (expression: string, timeZone: string): Result.Result<CronTimes, CronProblem> => {
  const zone = zoneOf(timeZone)
  if (zone === undefined)
    return Result.fail({ where: "timeZone", message: "is no time zone of the IANA database" })
  if (expression.length > EXPRESSION_LENGTH)
    return Result.fail({ where: "cron", message: `is longer than ${EXPRESSION_LENGTH} characters` })
  const key = `${zone} ${expression}`
  const known = parsed.get(key)
  if (known !== undefined) {
    parsed.delete(key)
    parsed.set(key, known)
    return Result.succeed(known)
  }
  const times = Result.mapError(parse(expression, zone), (message) => ({ where: "cron", message }) as const)
  if (Result.isSuccess(times)) {
    parsed.set(key, times.success)
    if (parsed.size > PARSED) parsed.delete(parsed.keys().next().value!)
  }
  return times
}
