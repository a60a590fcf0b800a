/** Tables that read well on a terminal and are Markdown at the same time. */
import type { Spread } from "./statistics.ts"

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${widths.map((width, i) => (i === 0 ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |`
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  return [line(head), rule, ...rows.map(line)].join("\n")
}

/** Median and range, `digits` behind the point; thousands are set apart. */
export const cell = (spread: Spread | undefined, digits: number): string => {
  if (spread === undefined) return "–"
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => number(value, digits))
  return min === max ? `${median}` : `${median} (${min}–${max})`
}

export const number = (value: number, digits: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })
