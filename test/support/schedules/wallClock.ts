/**
 * The due times of cron by the rules of docs/schedules.md, found by walking through every minute: slow, and with nothing in common with the
 * code that it judges but the machine's zone data.
 */
const MINUTE = 60_000
const STEP = 15 * MINUTE

/** An expression, and the values that its fields have. Undefined: every value. */
export interface CronModel {
  readonly expression: string
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly days?: ReadonlySet<number> | undefined
  readonly weekdays?: ReadonlySet<number> | undefined
  /** Whether minutes or hours are written with a star or a step. */
  readonly isInterval: boolean
}

const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric"
  })
  formats.set(zone, format)
  return format
}

/** What the clock on the wall shows, as if it were UTC. */
const wallAt = (zone: string, time: number): number => {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(time)
      .map(({ type, value }) => [type, Number(value)])
  )
  const [year, month, day, hour, minute] = (["year", "month", "day", "hour", "minute"] as const).map((type) =>
    parts.get(type)
  )
  return Date.UTC(year!, month! - 1, day, hour, minute)
}

/** Offsets by zone and quarter of an hour; they change at no other times in the years of the tests. */
const offsets = new Map<string, Map<number, number>>()

const offsetAt = (zone: string, time: number): number => {
  const at = Math.floor(time / STEP) * STEP
  const ofZone = offsets.get(zone) ?? new Map<number, number>()
  offsets.set(zone, ofZone)
  const offset = ofZone.get(at) ?? wallAt(zone, at) - at
  ofZone.set(at, offset)
  return offset
}

const matches = ({ minutes, hours, days, weekdays }: CronModel, wall: number): boolean => {
  const date = new Date(wall)
  if (!minutes.has(date.getUTCMinutes()) || !hours.has(date.getUTCHours())) return false
  const [isDay, isWeekday] = [days?.has(date.getUTCDate()), weekdays?.has(date.getUTCDay())]
  if (isDay === undefined) return isWeekday ?? true
  return isWeekday === undefined ? isDay : isDay || isWeekday
}

const sameDay = (a: number, b: number): boolean => Math.floor(a / 86_400_000) === Math.floor(b / 86_400_000)

/** The due times from `from` to `to`, both whole minutes. */
export const walkDue = (model: CronModel, zone: string, from: number, to: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  const begin = from - 24 * 60 * MINUTE
  let latest = begin + offsetAt(zone, begin)
  for (let time = begin + MINUTE; time <= to; time += MINUTE) {
    const wall = time + offsetAt(zone, time)
    let isDue = matches(model, wall)
    if (!model.isInterval) {
      if (wall <= latest) isDue = false
      for (let skipped = latest + MINUTE; skipped < wall; skipped += MINUTE)
        isDue ||= matches(model, skipped) && sameDay(skipped, wall)
    }
    latest = Math.max(latest, wall)
    if (isDue && time >= from) found.push(time)
  }
  return found
}

/** Instants of a zone's changes from one time to another, to the quarter of an hour. */
export const changesOf = (zone: string, from: number, to: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let time = from; time < to; time += STEP)
    if (offsetAt(zone, time) !== offsetAt(zone, time + STEP)) found.push(time + STEP)
  return found
}
