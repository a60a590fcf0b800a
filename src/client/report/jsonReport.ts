/** The report as JSON text. */
import type { Report } from "../../protocol/report.ts"

/** Indented, with lists of numbers in one line each. */
export const jsonReport = (report: Report): string =>
  `${JSON.stringify(report, null, 2).replace(numbers, (list) => list.replace(/\s+/g, " "))}\n`

// A line end is never inside of a text: JSON has it escaped there.
const numbers = /\[\n\s+(?:-?[\d.e+-]+|null)(?:,\n\s+(?:-?[\d.e+-]+|null))*\n\s*\]/g
