/** The report as a JSON file, whole or not at all: written beside its place under another name and moved there. */
import { rename, rm, writeFile } from "node:fs/promises"
import type { Report } from "./Report.ts"

export interface ReportNotWritten {
  readonly kind: "reportNotWritten"
  readonly path: string
  readonly message: string
}

/** Never rejects. A file that was at `path` stays as it was unless the new one is complete. */
export const writeReport = async (path: string, report: Report): Promise<ReportNotWritten | undefined> => {
  const unfinished = `${path}.${process.pid}.tmp`
  try {
    await writeFile(unfinished, `${JSON.stringify(report, null, 2)}\n`, { flush: true })
    await rename(unfinished, path)
    return undefined
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {})
    return { kind: "reportNotWritten", path, message: cause instanceof Error ? cause.message : String(cause) }
  }
}
