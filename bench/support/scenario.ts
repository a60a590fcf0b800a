/** What a bench of scenarios measures: in each the cases, servers or kinds of something, that stand beside each other. */
import type { Cores } from "./pinning.ts"
import type { Spread } from "./statistics.ts"
import type { Usage } from "./usage.ts"
import type { Verdict } from "./verdicts.ts"

/** Options that every such bench has. */
export interface ScenarioOptions<Id extends string = string> {
  readonly repeat: number
  /** The scenarios to measure. */
  readonly only: ReadonlyArray<Id>
  /** Its figures are no verdicts. */
  readonly isQuick: boolean
  readonly json: string | undefined
}

/** What a case is measured with. */
export type Context<O> = O & {
  readonly cores: Cores
  /** For files of this run. */
  readonly folder: string
}

/** One row of the table. In `**` it is told while the bench runs, too. */
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

export interface Case<O> {
  readonly title: string
  readonly measure: (context: Context<O>) => Promise<Measured>
}

/** Median and range of a figure of a case; undefined where it was not measured. */
export type Lookup = (title: string, label: string) => Spread | undefined

export interface Scenario<O> {
  readonly about: string
  readonly cases: ReadonlyArray<Case<O>>
  readonly verdicts: (of: Lookup) => ReadonlyArray<Verdict>
}

export type Scenarios<O, Id extends string = string> = Readonly<Record<Id, Scenario<O>>>

export const noVerdicts = (): ReadonlyArray<Verdict> => []

export const busyFigures = (
  label: string,
  { serverBusy, driverBusy }: Pick<Usage, "serverBusy" | "driverBusy">
): ReadonlyArray<Figure> => [
  { label: `${label}: server busy, %`, digits: 0, value: serverBusy * 100 },
  { label: `${label}: driver busy, %`, digits: 0, value: driverBusy * 100 }
]
