/** The store of a directory cannot be opened. Nothing in it was changed. */
import * as Data from "effect/Data"

export class StoreUnusable extends Data.TaggedError("StoreUnusable")<{
  /** "locked": by a living process. "newer": written by a later version. "unreachable": the system does not let it be read. */
  readonly reason: "locked" | "damaged" | "newer" | "unreachable"
  /** The directory or the file. */
  readonly path: string
  readonly detail: string
  /** What can be done about it. */
  readonly advice: string
}> {
  override get message(): string {
    return `the store ${this.path} cannot be used: ${this.detail}; ${this.advice}`
  }
}
