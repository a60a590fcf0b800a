/** Two runs figure by figure. */
import type { Report } from "../../protocol/report.ts"
import { type Figure, figureGroups } from "../report/figures.ts"
import { leaves } from "../report/leaves.ts"

export interface ComparedFigure extends Pick<Figure, "name" | "label" | "unit"> {
  /** Null where that run did not measure it. */
  readonly a: number | null
  readonly b: number | null
  /** From a to b, in per cent of a; null where that cannot be said. */
  readonly change: number | null
  /** How b is, where it is known which is better; null where it is not, or nothing changed. */
  readonly verdict: "better" | "worse" | null
}

export interface ComparedGroup {
  readonly title: string
  readonly figures: ReadonlyArray<ComparedFigure>
}

/** A setting, or a fact of the machine, in which the runs differ; empty where one does not have it. */
export interface Difference {
  readonly name: string
  readonly a: string | number
  readonly b: string | number
}

export interface Comparison {
  readonly groups: ReadonlyArray<ComparedGroup>
  readonly differences: ReadonlyArray<Difference>
  /** Why the runs do not compare as they stand: a sentence each, which names runs "a" and "b". */
  readonly cautions: ReadonlyArray<string>
}

export const compareReports = (a: Report, b: Report): Comparison => ({
  groups: compareGroups(a, b),
  differences: [
    ...differences(settings(a), settings(b)),
    ...differences(machine(a), machine(b)).map((fact) => ({ ...fact, name: `machine: ${fact.name}` }))
  ],
  cautions: [...doubtsOf("a", a), ...doubtsOf("b", b), ...scenariosOf(a, b)]
})

const doubtsOf = (run: string, { unreliableBecause }: Report): ReadonlyArray<string> =>
  unreliableBecause.map((reason) => `${run} is in doubt: ${reason}`)

const scenariosOf = (a: Report, b: Report): ReadonlyArray<string> => {
  const [one, other] = [a, b].map(({ scenario }) => scenario?.name ?? "no scenario")
  return one === other ? [] : [`a is of ${one}, b of ${other}: their figures are of different things.`]
}

/** Groups and figures in the order of a, those that b alone has behind them. */
const compareGroups = (a: Report, b: Report): ReadonlyArray<ComparedGroup> => {
  const [ofA, ofB] = [figureGroups(a), figureGroups(b)]
  return union(ofA, ofB, ({ title }) => title).map(([groupA, groupB]) => ({
    title: (groupA ?? groupB)!.title,
    figures: union(groupA?.figures ?? [], groupB?.figures ?? [], ({ name }) => name).map(([one, other]) =>
      compareFigures(one, other)
    )
  }))
}

const union = <A>(
  all: ReadonlyArray<A>,
  others: ReadonlyArray<A>,
  keyOf: (item: A) => string
): ReadonlyArray<readonly [A | undefined, A | undefined]> => {
  const keys = new Set([...all, ...others].map(keyOf))
  const find = (items: ReadonlyArray<A>, key: string) => items.find((item) => keyOf(item) === key)
  return [...keys].map((key) => [find(all, key), find(others, key)])
}

/** Below, in per cent, two runs are alike: it shows as 0.0. */
const ALIKE = 0.05

const compareFigures = (one: Figure | undefined, other: Figure | undefined): ComparedFigure => {
  const { name, label, unit, better } = (one ?? other)!
  const [a, b] = [one?.value ?? null, other?.value ?? null]
  const change =
    a === null || b === null ? null : a === b ? 0 : a === 0 ? null : ((b - a) / Math.abs(a)) * 100
  const isAlike = a === null || b === null || a === b || (change !== null && Math.abs(change) < ALIKE)
  const isBetter = better === undefined || isAlike ? null : better === "lower" ? b < a : b > a
  return {
    name,
    label,
    unit,
    a,
    b,
    change,
    verdict: isBetter === null ? null : isBetter ? "better" : "worse"
  }
}

type Facts = ReadonlyMap<string, string | number>

/** Where reports go says nothing of a run. */
const settings = ({ config }: Report): Facts =>
  new Map(leaves("", config).filter(([name]) => !name.startsWith("report.")))

const machine = ({
  run: { version, node, platform, kernel, cores, cpu, memoryBytes, openFiles }
}: Report): Facts =>
  new Map(leaves("", { version, node, platform, kernel, cores, cpu, memoryBytes, openFiles }))

const differences = (a: Facts, b: Facts): ReadonlyArray<Difference> =>
  [...new Set([...a.keys(), ...b.keys()])]
    .map((name) => ({ name, a: a.get(name) ?? "", b: b.get(name) ?? "" }))
    .filter((fact) => fact.a !== fact.b)

/** "+12.3 %", "−4.0 %", "0.0 %", "from 0"; empty where a run did not measure it. */
export const changeText = ({ a, b, change }: ComparedFigure): string => {
  if (a === null || b === null) return ""
  if (change === null) return "from 0"
  const rounded = Number(change.toFixed(1))
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : ""
  return `${sign}${Math.abs(rounded).toFixed(1)} %`
}
