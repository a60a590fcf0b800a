/** How a run of the load client can fail as a whole; each with the exit code that says so. */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"
import type { FileNotWritten } from "./report/wholeFile.ts"

/** The server cannot be reached at all; exit code 69 of sysexits.h. */
export class Unreachable extends Data.TaggedError("Unreachable")<{
  readonly uri: string
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    return `cannot connect to ${this.uri}: ${this.detail}`
  }
}

/** A file of `report.*` cannot be written; exit code 73 of sysexits.h. At the end of a run the others were, and the report was printed. */
export class ReportLost extends Data.TaggedError("ReportLost")<{
  readonly losses: ReadonlyArray<Pick<FileNotWritten, "path" | "message">>
}> {
  override readonly [Runtime.errorExitCode] = 73

  override get message(): string {
    return this.losses
      .map(({ path, message }) => `the report cannot be written to ${path}: ${message}`)
      .join("\n")
  }
}

/** The server API does not let the client publish what `publish.rate` asks for; exit code 77 of sysexits.h. */
export class PublishRefused extends Data.TaggedError("PublishRefused")<{
  readonly uri: string
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 77

  override get message(): string {
    return `cannot publish through ${this.uri}: ${this.detail}`
  }
}

/** A limit of `thresholds.*` was missed; exit code 1. */
export class ThresholdsMissed extends Data.TaggedError("ThresholdsMissed")<{
  readonly missed: ReadonlyArray<string>
}> {
  override readonly [Runtime.errorExitCode] = 1

  override get message(): string {
    return `thresholds missed: ${this.missed.join("; ")}`
  }
}
