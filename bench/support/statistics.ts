/** Repetitions as median and range: means would let one disturbed repetition speak for all. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Undefined where nothing was measured. */
export const spread = (values: ReadonlyArray<number>): Spread | undefined => {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const at = (index: number) => sorted[index]!
  const half = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(half)) + at(Math.ceil(half))) / 2,
    min: at(0),
    max: at(sorted.length - 1)
  }
}

/** The value that `share` of all do not exceed, by the nearest rank. */
export const quantile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
