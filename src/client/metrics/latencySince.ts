/** The latencies of a part of a run: those of a snapshot without those of an earlier one. */
import { decodeFromCompressedBase64, encodeIntoCompressedBase64 } from "hdr-histogram-js"
import { LatencyHistogram, type LatencySnapshot } from "./LatencyHistogram.ts"

const MICROS = 1000

/** `min` and `max` are those of the histogram, so within 0.1 %. Nothing where one of the two cannot be read. */
export const latencySince = (before: LatencySnapshot, after: LatencySnapshot): LatencySnapshot => {
  try {
    const counts = decodeFromCompressedBase64(after.counts, 64)
    counts.subtract(decodeFromCompressedBase64(before.counts, 64))
    const isEmpty = counts.totalCount === 0
    return {
      counts: encodeIntoCompressedBase64(counts),
      min: isEmpty ? null : counts.getValueAtPercentile(0) / MICROS,
      max: isEmpty ? null : counts.getValueAtPercentile(100) / MICROS,
      sum: after.sum - before.sum,
      clamped: after.clamped - before.clamped
    }
  } catch {
    return new LatencyHistogram().snapshot()
  }
}
