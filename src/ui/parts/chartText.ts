/** What a chart says to those who do not see it. */
export interface Series {
  readonly label: string
  /** One for each x; null where there is none: the line has a gap there. Undefined: it goes on to its next. */
  readonly values: ReadonlyArray<number | null | undefined>
  /** Its colour: one of `--tone-1` … `--tone-7` in theme.css. */
  readonly tone: number
  /** "line" unless said. */
  readonly kind?: "line" | "points" | "steps"
  /** A line that others may lie on: it is seen on both sides of them. */
  readonly isWide?: boolean
}

/** Rows of the table of a chart at most. */
export const TABLE_ROWS = 11

export const newest = (values: Series["values"]): number | null => {
  for (let at = values.length - 1; at >= 0; at--) {
    const value = values[at]
    if (value !== null && value !== undefined) return value
  }
  return null
}

/** "Opened: newest 12/s, lowest 0/s, highest 40/s" */
const described = ({ label, values }: Series, text: (value: number) => string): string => {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value === null || value === undefined) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const last = newest(values)
  if (last === null) return `${label}: nothing yet`
  return `${label}: newest ${text(last)}, lowest ${text(low)}, highest ${text(high)}`
}

export const describe = (series: ReadonlyArray<Series>, text: (value: number) => string): string =>
  series.map((one) => described(one, text)).join("; ")

/** Places of the x that the table shows: evenly spread over all, newest first. */
export const tableRows = (length: number): ReadonlyArray<number> => {
  const rows = Math.min(TABLE_ROWS, length)
  const step = rows > 1 ? (length - 1) / (rows - 1) : 0
  return Array.from({ length: rows }, (_, row) => Math.round(length - 1 - row * step))
}
