/** Where the axes of charts begin and end. */

/** From 0, with a little room above what is drawn; [0, 1] where nothing is. Values below 0 are none. */
export const fromZero = (highest: number | null | undefined): [number, number] =>
  highest === null || highest === undefined || !(highest > 0) ? [0, 1] : [0, highest * 1.08]

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
