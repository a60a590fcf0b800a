/** What is measured: scenarios, and in each the servers, or the kinds of channels, that stand beside each other. */
import type { Cores } from "../support/pinning.ts"
import type { Spread } from "../support/statistics.ts"
import type { Usage } from "../support/usage.ts"
import type { Verdict } from "../support/verdicts.ts"
import type { Options } from "./options.ts"

/** What a case is measured with. */
export interface Context extends Options {
  readonly cores: Cores
  /** For files of this run. */
  readonly folder: string
}

/** One row of the table. */
export interface Figure {
  readonly label: string
  /** Behind the point. */
  readonly digits: number
  readonly value: number
}

/** One repetition of a case. */
export interface Measured {
  readonly figures: ReadonlyArray<Figure>
  /** Why they are not what they should be: somebody missed a message. */
  readonly problems: ReadonlyArray<string>
  /** For each measurement, the part of the server's core that others used. */
  readonly othersBusy: ReadonlyArray<number>
}

export interface Case {
  readonly title: string
  readonly measure: (context: Context) => Promise<Measured>
}

/** Median and range of a figure of a case; undefined where it was not measured. */
export type Lookup = (title: string, label: string) => Spread | undefined

export interface Scenario {
  readonly about: string
  readonly cases: ReadonlyArray<Case>
  readonly verdicts: (of: Lookup) => ReadonlyArray<Verdict>
}

export const busyFigures = (
  label: string,
  { serverBusy, driverBusy }: Pick<Usage, "serverBusy" | "driverBusy">
): ReadonlyArray<Figure> => [
  { label: `${label}: server busy, %`, digits: 0, value: serverBusy * 100 },
  { label: `${label}: driver busy, %`, digits: 0, value: driverBusy * 100 }
]
