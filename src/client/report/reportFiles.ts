/** The files that a run leaves: which are wanted, whether they can be written, and the writing. */
import type { Report } from "../../protocol/report.ts"
import { type PageParts, type PartsMissing, pageText, readPageParts } from "./html/page.ts"
import { runPage } from "./html/runPage.ts"
import { jsonReport } from "./jsonReport.ts"
import { junitReport } from "./junitReport.ts"
import { type FileNotWritten, realPath, tryToWrite, writeWhole } from "./wholeFile.ts"

/** `report.*` of the configuration: a file for each format that is wanted. */
export interface WantedFiles {
  readonly json?: string | undefined
  readonly junit?: string | undefined
  readonly html?: string | undefined
}

export interface ReportFile {
  readonly path: string
  readonly textOf: (report: Report) => string
}

export interface CannotBeWritten {
  readonly kind: "cannotBeWritten"
  readonly losses: ReadonlyArray<FileNotWritten>
}

const wantedFiles = ({ json, junit, html }: WantedFiles, parts: PageParts): ReadonlyArray<ReportFile> => [
  ...(json === undefined ? [] : [{ path: json, textOf: jsonReport }]),
  ...(junit === undefined ? [] : [{ path: junit, textOf: junitReport }]),
  ...(html === undefined
    ? []
    : [{ path: html, textOf: (report: Report) => pageText(runPage(report), parts) }])
]

const noParts: PageParts = { script: "", style: "" }

/** Two formats in one file: the later would take the place of the first. */
const doubled = (files: ReadonlyArray<ReportFile>): ReadonlyArray<FileNotWritten> =>
  files
    .filter(({ path }, i) => files.findIndex((other) => realPath(other.path) === realPath(path)) < i)
    .map(({ path }) => ({ kind: "fileNotWritten", path, message: "another report has the same file" }))

/**
 * Tries them all before a run, which would else be lost at its end.
 * @param readParts what pages are made of
 */
export const prepareReportFiles = (
  wanted: WantedFiles,
  readParts: () => PageParts | PartsMissing = readPageParts
): ReadonlyArray<ReportFile> | CannotBeWritten => {
  const parts = wanted.html === undefined ? noParts : readParts()
  if ("kind" in parts) {
    const loss: FileNotWritten = { kind: "fileNotWritten", path: wanted.html!, message: parts.message }
    return { kind: "cannotBeWritten", losses: [loss] }
  }
  const files = wantedFiles(wanted, parts)
  const tried = files.map(({ path }) => tryToWrite(path))
  const losses = [...tried.filter((loss) => loss !== undefined), ...doubled(files)]
  return losses.length === 0 ? files : { kind: "cannotBeWritten", losses }
}

/** Writes all that can be written. Never rejects. */
export const writeReportFiles = async (
  files: ReadonlyArray<ReportFile>,
  report: Report
): Promise<ReadonlyArray<FileNotWritten>> => {
  const written = await Promise.all(files.map(({ path, textOf }) => writeWhole(path, textOf(report))))
  return written.filter((loss) => loss !== undefined)
}
