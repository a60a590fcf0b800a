/** Why a command did not work; each is one message on stderr, and has an exit code of its own. */
import * as Data from "effect/Data"
import * as Runtime from "effect/Runtime"

/** The server refused. Every problem is a line. */
export class Refused extends Data.TaggedError("Refused")<{ readonly lines: ReadonlyArray<string> }> {
  override readonly [Runtime.errorExitCode] = 1

  override get message(): string {
    return this.lines.join("\n")
  }
}

/** The command cannot be: EX_CONFIG of sysexits.h, as a wrong configuration. */
export class WrongUsage extends Data.TaggedError("WrongUsage")<{ readonly detail: string }> {
  override readonly [Runtime.errorExitCode] = 78

  override get message(): string {
    return this.detail
  }
}

/** Nobody answered: EX_UNAVAILABLE of sysexits.h. */
export class NoServer extends Data.TaggedError("NoServer")<{
  readonly url: string
  readonly detail: string
}> {
  override readonly [Runtime.errorExitCode] = 69

  override get message(): string {
    return `no answer from ${this.url}: ${this.detail}; is the server running, and is that its address (--url)?`
  }
}
