/** Adds up what several processes count, so that a counter never goes back when one of them dies. */
import type { Sample } from "../Metrics.ts"

const keyOf = ({ name, labels = {} }: Sample): string =>
  JSON.stringify([
    name,
    ...Object.entries(labels)
      .map((label) => JSON.stringify(label))
      .sort()
  ])

/** One sample for each name and set of labels: the sum. */
export const addSamples = (all: ReadonlyArray<Sample>): ReadonlyArray<Sample> => {
  const sums = new Map<string, Sample>()
  for (const sample of all) {
    const key = keyOf(sample)
    const sum = sums.get(key)
    sums.set(key, sum === undefined ? sample : { ...sum, value: sum.value + sample.value })
  }
  return [...sums.values()]
}

/** What stays of a process that is gone: what it has counted. */
export const counted = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> =>
  samples.filter(({ type }) => type === "counter")
