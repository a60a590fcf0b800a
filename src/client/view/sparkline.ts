/** A row of bars, one for each value, as high as its share of the highest. */

const BARS = "▁▂▃▄▅▆▇█"

/** The newest `width` of the values; the lowest bar is nothing at all, or nearly. */
export const sparkline = (values: ReadonlyArray<number>, width: number): string => {
  const shown = values.slice(Math.max(0, values.length - Math.max(0, width)))
  const highest = Math.max(...shown)
  const barOf = (value: number) =>
    highest <= 0 ? 0 : Math.min(BARS.length - 1, Math.floor((Math.max(0, value) / highest) * BARS.length))
  return width <= 0 ? "" : shown.map((value) => BARS[barOf(value)]).join("")
}
