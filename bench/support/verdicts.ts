/** Targets and whether a run met them. */
import type { Spread } from "./statistics.ts"

export interface Verdict {
  readonly target: string
  readonly measured: string
  /** Undefined: this run did not measure what it takes. */
  readonly isMet: boolean | undefined
}

export const verdictLine = ({ target, measured, isMet }: Verdict): string =>
  `${isMet === undefined ? "unknown" : isMet ? "met    " : "MISSED "}  ${target}: ${measured}`

export const notMeasured = (target: string): Verdict => ({
  target,
  measured: "not measured in this run",
  isMet: undefined
})

export const judged = (
  target: string,
  value: Spread | undefined,
  text: (value: Spread) => string,
  isMet: (value: Spread) => boolean
): Verdict =>
  value === undefined ? notMeasured(target) : { target, measured: text(value), isMet: isMet(value) }
