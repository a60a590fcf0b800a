/** Counts of events by name. */
import type { Counts } from "../../protocol/report.ts"

export const addCounts = (all: ReadonlyArray<Counts>): Counts => {
  const sum: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}
