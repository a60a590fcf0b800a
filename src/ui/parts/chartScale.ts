/** Where the axes of charts begin and end, and what a line cannot show. */

/**
 * From 0, with a little room above what is drawn; [0, 1] where nothing is. Values below 0 are none.
 * @param isWhole the axis has whole numbers: it goes to 1 at least
 */
export const fromZero = (highest: number | null | undefined, isWhole = false): [number, number] =>
  highest === null || highest === undefined || !(highest > 0)
    ? [0, 1]
    : [0, Math.max(isWhole ? 1 : 0, highest * 1.08)]

/** Whole powers of ten around positive values, a decade at least. */
export const decades = (
  lowest: number | null | undefined,
  highest: number | null | undefined
): [number, number] => {
  if (!(lowest && highest && lowest > 0 && highest > 0)) return [1, 10]
  const low = 10 ** Math.floor(Math.log10(lowest))
  const high = 10 ** Math.ceil(Math.log10(highest))
  return [low, high > low ? high : low * 10]
}

const isNothing = (value: number | null | undefined): boolean => value === null || value === undefined

/** Places of values that have no neighbour to draw a line to. */
export const alone = (values: ReadonlyArray<number | null | undefined>): ReadonlyArray<number> =>
  values.flatMap((value, at) =>
    !isNothing(value) && isNothing(values[at - 1]) && isNothing(values[at + 1]) ? [at] : []
  )
