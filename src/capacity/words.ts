/** Numbers for people. */

const SCALES: ReadonlyArray<readonly [least: number, unit: string]> = [
  [1e9, " billion"],
  [1e6, " million"]
]

/** Three digits that count: 0.0123, 4.57, 812, 31,300, 1.25 million. */
export const amount = (value: number): string => {
  const [least, unit] = SCALES.find(([least]) => Math.abs(value) >= least) ?? [1, ""]
  return `${Number((value / least).toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 20 })}${unit}`
}

export const whole = (value: number): string => value.toLocaleString("en-US", { maximumFractionDigits: 0 })

/** 1 worker, 7 workers. */
export const many = (count: number, noun: string): string =>
  `${whole(count)} ${noun}${count === 1 ? "" : "s"}`

export const percent = (share: number): string => `${amount(100 * share)} %`

/** Bytes a second as bits a second. */
export const bits = (bytes: number): string => {
  const bits = bytes * 8
  if (bits >= 1e9) return `${amount(bits / 1e9)} Gbit/s`
  return bits >= 1e6 ? `${amount(bits / 1e6)} Mbit/s` : `${amount(bits / 1e3)} kbit/s`
}

export const seconds = (value: number): string =>
  value >= 7200
    ? `${amount(value / 3600)} h`
    : value >= 120
      ? `${amount(value / 60)} min`
      : value >= 1
        ? `${amount(value)} s`
        : `${amount(value * 1000)} ms`

/** Columns as wide as what is in them; a table of Markdown at the same time. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => (row[at] ?? "").length)))
  const pad = (text: string, at: number) => (at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!))
  const line = (cells: ReadonlyArray<string>) =>
    `| ${head.map((_, at) => pad(cells[at] ?? "", at)).join(" | ")} |`
  const rule = `|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`
  return [line(head), rule, ...rows.map(line)].join("\n")
}
