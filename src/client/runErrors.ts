/** How a run of the load client can fail as a whole; each with the exit code that says so. */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

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

/** `report.json` cannot be written; exit code 73 of sysexits.h. The report itself was printed. */
export class ReportLost extends Data.TaggedError("ReportLost")<{
  readonly path: string
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 73

  override get message(): string {
    return `the report cannot be written to ${this.path}: ${this.detail}`
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
