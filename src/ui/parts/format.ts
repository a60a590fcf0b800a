/** Numbers, sizes and times as people read them. English, with "," between thousands; times of day are those of the reader's time zone. */

/** What stands where there is no value. */
export const NOTHING = "–"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const formats = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
)

const fixed = (value: number, digits: number): string => formats[digits]!.format(value)

/** Three significant digits, but all of the digits before the point. */
const significant = (value: number): string => {
  const size = Math.abs(value)
  // The bounds are where rounding makes one digit more.
  return fixed(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0)
}

/** 0.5 rather than 0.50, 12 rather than 12.0. */
const trimmed = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text)

const isNumber = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value)

/** 1234567 → "1,234,567" */
export const count = (value: number | null | undefined): string =>
  isNumber(value) ? fixed(value, 0) : NOTHING

const SCALES = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"]
] as const

/** 1234567 → "1.23M": where there is little room, as at an axis. */
export const compact = (value: number | null | undefined): string => {
  if (!isNumber(value)) return NOTHING
  const [scale, suffix] = SCALES.find(([size]) => Math.abs(value) >= size * 0.9995) ?? [1, ""]
  return `${trimmed(significant(value / scale))}${suffix}`
}

/** 3.4567 → "3.5", 1234.5 → "1,235": of something each second. */
export const rate = (value: number | null | undefined): string =>
  isNumber(value) ? trimmed(fixed(value, Math.abs(value) < 9.95 ? 1 : 0)) : NOTHING

export const perSecond = (value: number | null | undefined): string =>
  isNumber(value) ? `${rate(value)}/s` : NOTHING

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"] as const

/** 12345678 → "11.8 MiB" */
export const bytes = (value: number | null | undefined): string => {
  if (!isNumber(value)) return NOTHING
  let [size, unit] = [value, 0]
  while (Math.abs(size) >= 1023.5 && unit < BYTES.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 ? fixed(size, 0) : significant(size)} ${BYTES[unit]}`
}

/** 0.256 → "25.6 %" */
export const percent = (share: number | null | undefined): string =>
  isNumber(share) ? `${trimmed(fixed(share * 100, Math.abs(share) < 0.9995 ? 1 : 0))} %` : NOTHING

/** 0.4 → "0.40 ms", 12.34 → "12.3 ms", 1234 → "1.23 s", 75000 → "1 min 15 s" */
export const milliseconds = (value: number | null | undefined): string => {
  if (!isNumber(value)) return NOTHING
  if (Math.abs(value) < 999.5) return `${significant(value)} ms`
  return Math.abs(value) < MINUTE ? `${significant(value / SECOND)} s` : duration(value)
}

const UNITS = [
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "min"],
  [SECOND, "s"]
] as const

/** 93784000 → "1 d 2 h": its two largest units; what is below a second is left out. */
export const duration = (value: number | null | undefined): string => {
  if (!isNumber(value)) return NOTHING
  const whole = Math.floor(Math.max(0, value) / SECOND) * SECOND
  const first = UNITS.findIndex(([size]) => whole >= size)
  if (first < 0) return "0 s"
  const [size, unit] = UNITS[first]!
  const [nextSize, nextUnit] = UNITS[first + 1] ?? [SECOND, "s"]
  const rest = Math.floor((whole % size) / nextSize)
  return `${Math.floor(whole / size)} ${unit}${rest === 0 ? "" : ` ${rest} ${nextUnit}`}`
}

/** "in 5 min", "3 s ago", "now" */
export const relative = (at: number, now: number): string => {
  const away = at - now
  if (Math.abs(away) < SECOND) return "now"
  return away > 0 ? `in ${duration(away)}` : `${duration(-away)} ago`
}

const two = (value: number): string => String(value).padStart(2, "0")

/** "14:03:07" */
export const clock = (at: number): string => {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** "14:03" */
export const minuteOfDay = (at: number): string => clock(at).slice(0, 5)

/** "2026-03-29 14:03:07" */
export const moment = (at: number | null | undefined): string => {
  if (!isNumber(at)) return NOTHING
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`
}

/** 1, "connection" → "1 connection"; 1200 → "1,200 connections" */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`
