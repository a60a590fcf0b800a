/** Figures as the demo page shows them. */
import { clock } from "../parts/format.ts"

/** "14:03:07.120", by the clock on the wall. */
export const preciseClock = (at: number): string => `${clock(at)}.${String(at % 1000).padStart(3, "0")}`

/** "12 ms" below ten seconds, "14.2 s" from there on; where the sender's clock is ahead it is below zero. */
export const delay = (ms: number): string => {
  const sign = ms < 0 ? "−" : ""
  const size = Math.abs(ms)
  return size < 10_000 ? `${sign}${Math.round(size)} ms` : `${sign}${(size / 1000).toFixed(1)} s`
}
