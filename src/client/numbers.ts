/** Numbers as people read them: in the view, in reports and on pages. */

/** A whole number with a comma between thousands. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",")

/** Three digits that mean something, or all before the point: 1.23, 45.6, 1,235. */
export const short = (value: number): string => {
  const size = Math.abs(value)
  return size < 10 ? value.toFixed(2) : size < 100 ? value.toFixed(1) : grouped(value)
}

/** A whole number as it is, another one short. */
export const shortest = (value: number): string => (Number.isInteger(value) ? grouped(value) : short(value))

/** Milliseconds as m:ss, or h:mm:ss. */
export const clock = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const tail = String(s).padStart(2, "0")
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${tail}` : `${m}:${tail}`
}

/** A share of nearly all with as many digits as it takes: what was not delivered to one of a million is not "100 %". */
const percent = (value: number): string =>
  value > 99 && value < 100 ? value.toFixed(Math.ceil(-Math.log10(100 - value))) : shortest(value)

/** With its unit: "12.3 ms", "1,234 /s", "99.9999 %"; "–" where nothing is known. */
export const withUnit = (value: number | null, unit: string): string => {
  if (value === null) return "–"
  if (unit === "") return shortest(value)
  return `${unit === "%" ? percent(value) : shortest(value)} ${unit}`
}
