/** A comparison as a table for the terminal. */
import { withUnit } from "../numbers.ts"
import { type ComparedFigure, type Comparison, changeText } from "./comparison.ts"

export interface RunNames {
  readonly a: string
  readonly b: string
}

type Row = readonly [label: string, a: string, b: string, change: string, verdict: string]

/** Lines joined by "\n". */
export const comparisonText = ({ groups, differences, cautions }: Comparison, names: RunNames): string => {
  const head: Row = ["", names.a, names.b, "difference", ""]
  const rows = groups.flatMap(
    ({ title, figures }): ReadonlyArray<Row> => [[title, "", "", "", ""], ...figures.map(rowOf)]
  )
  const all = [head, ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]!.length)))
  const lines = all.map(([label, a, b, change, verdict]) =>
    [
      label.padEnd(widths[0]!),
      a.padStart(widths[1]!),
      b.padStart(widths[2]!),
      change.padStart(widths[3]!),
      verdict
    ]
      .join("  ")
      .trimEnd()
  )
  return [
    ...(cautions.length === 0 ? [] : [`a: ${names.a}, b: ${names.b}`, ...cautions, ""]),
    ...lines,
    "",
    ...(differences.length === 0
      ? ["Configuration and machine are the same."]
      : ["Different settings:", ...differences.map(({ name, a, b }) => `  ${name}: ${said(a)} → ${said(b)}`)])
  ].join("\n")
}

const rowOf = (figure: ComparedFigure): Row => [
  `  ${figure.label}`,
  withUnit(figure.a, figure.unit),
  withUnit(figure.b, figure.unit),
  changeText(figure),
  figure.verdict ?? ""
]

const said = (value: string | number): string => (value === "" ? "unset" : String(value))
