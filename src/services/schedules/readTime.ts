/** Times and durations of requests. */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { duration } from "../../config/Kind.ts"

/** The end of the year 9999, UTC: what four digits of ISO 8601 can write. */
export const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

export const formatTime = (time: number): string => new Date(time).toISOString()

const EXPECTED = 'expected a time such as "2026-03-29T09:00:00+02:00" or milliseconds since the epoch'

const ISO = new RegExp(
  "^(\\d{4})-(\\d\\d)-(\\d\\d)[Tt ](\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d{1,9}))?)?" +
    "([Zz]|([+-])(\\d\\d)(?::?(\\d\\d))?)?$"
)

type Parts = ReadonlyArray<string | undefined>

/** A time in UTC; undefined where there is no such day, or time of day. */
const utcOf = ([year, month, day, hour, minute, second, fraction = ""]: Parts): number | undefined => {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  const ms = Number(fraction.padEnd(3, "0").slice(0, 3))
  return date.setUTCHours(Number(hour), Number(minute), Number(second ?? 0), ms)
}

/** Milliseconds that local time is ahead; undefined where there is no such offset. */
const offsetOf = (sign: string | undefined, hour = "0", minute = "0"): number | undefined =>
  Number(hour) > 23 || Number(minute) > 59
    ? undefined
    : (sign === "-" ? -1 : 1) * (Number(hour) * 60 + Number(minute)) * 60_000

const parseIso = (text: string): Result.Result<number, string> => {
  const found: Parts | null = ISO.exec(text)
  if (found === null) return Result.fail(EXPECTED)
  const [zone, sign, offsetHour, offsetMinute] = found.slice(8)
  if (zone === undefined) return Result.fail('is a local time: an offset such as "Z" or "+02:00" is missing')
  const [utc, offset] = [utcOf(found.slice(1, 8)), offsetOf(sign, offsetHour, offsetMinute)]
  return utc === undefined || offset === undefined
    ? Result.fail("is no time: there is no such day, hour, minute, second or offset")
    : Result.succeed(utc - offset)
}

/** A time, in milliseconds since the epoch, from ISO 8601 text with its offset, or from a number. */
export const readTime = (value: unknown): Result.Result<number, string> => {
  const read = typeof value === "string" ? parseIso(value) : Result.succeed(value)
  return Result.flatMap(read, (time) => {
    if (typeof time !== "number" || !Number.isInteger(time)) return Result.fail(EXPECTED)
    const isWithin = time >= 0 && time <= LAST_TIME
    return isWithin ? Result.succeed(time) : Result.fail("is not between the years 1970 and 9999")
  })
}

/** Whole milliseconds from "10 minutes", or from a number. */
export const readDuration = (value: unknown): Result.Result<number, string> => {
  const read = duration.decode(value)
  if (Result.isFailure(read)) return Result.fail(`expected ${duration.expected}`)
  const ms = Duration.toMillis(read.success)
  return Number.isInteger(ms) ? Result.succeed(ms) : Result.fail("is not a whole number of milliseconds")
}
