/** A report from its file, which may be anything. */
import { readFile } from "node:fs/promises"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { REPORT_FORMAT, type Report } from "../../protocol/report.ts"
import { ReportSchema } from "./reportSchema.ts"

export interface NoReport {
  readonly kind: "noReport"
  readonly path: string
  /** Goes on from the path: "cannot be read: …". */
  readonly message: string
}

const decode = Schema.decodeUnknownResult(ReportSchema)

/** Never rejects. */
export const readReport = async (path: string): Promise<Report | NoReport> => {
  const not = (message: string): NoReport => ({ kind: "noReport", path, message })
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (cause) {
    return not(`cannot be read: ${messageOf(cause)}`)
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return not(`is not JSON: ${messageOf(cause)}`)
  }
  const problem = formatProblem(json)
  if (problem !== undefined) return not(problem)
  const report = decode(json)
  if (Result.isFailure(report)) return not(`is not a whole report: ${inOneLine(report.failure.message)}`)
  const { intervalMs: _, ...columns } = report.success.series
  const lengths = new Set(Object.values(columns).map(({ length }) => length))
  return lengths.size === 1
    ? report.success
    : not("is not a whole report: the lists of its series differ in length")
}

/** In one line: the parser of JSON quotes what it has read. */
const messageOf = (cause: unknown): string =>
  inOneLine(cause instanceof Error ? cause.message : String(cause))
const inOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ")

const formatProblem = (json: unknown): string | undefined => {
  if (typeof json !== "object" || json === null || !("run" in json)) {
    return "is not a report of the load client (--report.json)"
  }
  const format = "format" in json ? json.format : 1
  if (format === REPORT_FORMAT) return undefined
  return format === 1
    ? "is a report of format 1, which does not tell what the run was like over time; this version reads 2: run it again"
    : `is a report of format ${JSON.stringify(format)}; this version reads ${REPORT_FORMAT}`
}
