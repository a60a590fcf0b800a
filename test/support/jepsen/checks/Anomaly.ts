/** What a correct history has none of. */
export const anomalyKinds = {
  lost: "an acknowledged publication did not reach a client, or is not in the history",
  gap: "a client went on behind a position that it was never given, and was not told",
  duplicate: "a client was delivered a publication twice",
  reorder: "a client was delivered an offset after a higher one",
  invented: "a client was delivered what nobody had published yet",
  refused: "what was refused for certain was published all the same",
  conflict: "two publications have one position",
  doubled: "one publication has two positions",
  misordered: "a publication was acknowledged before another was asked for, and stands behind it",
  stale: "a read did not know of a publication that was acknowledged before it was asked",
  beyond: "a position was told that the stream never reached",
  epoch: "a stream began anew, or a client that recovered was moved to another one",
  unrecovered: "a client was told that it cannot recover",
  ended: "a subscription ended for good",
  "missed run": "a due time of a schedule has no run",
  "doubled run": "a due time of a schedule has more than one run",
  "early run": "a run was published before it was due",
  "late run": "a run was published later than is promised after what had been done to the cluster",
  "unasked run": "a run was published of a due time that the schedule does not have"
} as const

export type AnomalyKind = keyof typeof anomalyKinds

export interface Anomaly {
  readonly kind: AnomalyKind
  readonly text: string
  /** Indexes of the history's events that show it. */
  readonly events: ReadonlyArray<number>
}
