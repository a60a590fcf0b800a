/** Whether the client measured the server or itself: when it was the bottleneck, its latency figures say so. */
import type { ClientLoad, Counts, OwnPublications } from "../../protocol/report.ts"

/** Above, the 99th percentile of the event-loop delay is a visible part of the latencies. */
export const MAX_LOOP_DELAY_P99_MS = 25
/** Above, messages wait for the client more often than not. */
export const MAX_CPU = 0.9

/** Error kinds for which the client or its machine is the cause. */
const ownLimits = ["tooManyOpenFiles", "portsExhausted", "badLocalAddress"]

/** What was due and never published has no latency, and it would have been among the longest. */
export const neverMade = (publications: OwnPublications | undefined): ReadonlyArray<string> => {
  if (publications === undefined) return []
  const { published, failed, skipped } = publications
  const missing = failed + skipped
  return missing === 0
    ? []
    : [
        `${missing} of ${published + missing} publications were never made (${failed} failed, ${skipped} too late): ` +
          "latencies leave out the worst."
      ]
}

/** A sentence for each reason to doubt the figures; none: they can be relied on. */
export const whyUnreliable = (
  { loopDelayMs, cpu, rampRestarts }: ClientLoad,
  errors: Counts,
  clampedLatencies: number
): ReadonlyArray<string> => {
  const reasons: Array<string> = []
  if (loopDelayMs.p99 > MAX_LOOP_DELAY_P99_MS) {
    reasons.push(
      `The client's event loop was late by ${loopDelayMs.p99.toFixed(1)} ms at the 99th percentile ` +
        `(bound: ${MAX_LOOP_DELAY_P99_MS} ms), so latencies may be too high by as much.`
    )
  }
  if (cpu > MAX_CPU) {
    reasons.push(
      `The client used ${(cpu * 100).toFixed(0)} % of a core (bound: ${MAX_CPU * 100} %), so it may have been the bottleneck.`
    )
  }
  if (rampRestarts > 0) reasons.push(`${rampRestarts} times a ramp of the client died and was started again.`)
  for (const kind of ownLimits) {
    const count = errors[kind] ?? 0
    if (count > 0) reasons.push(`${count} connections failed by the client's own limits (${kind}).`)
  }
  if (clampedLatencies > 0) {
    reasons.push(
      `${clampedLatencies} latencies were below 0 or over an hour: the clocks of client and server differ.`
    )
  }
  return reasons
}
