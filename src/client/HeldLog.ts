/** The log of a process that prints nothing: kept until its parent asks for it. */
import * as Cause from "effect/Cause"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import type { ProcessNews } from "./processMessages.ts"

/** Lines that wait; further ones are counted. */
export const MAX_HELD = 64

type Entry = ProcessNews["log"][number]

export class HeldLog {
  #entries: Array<Entry> = []
  #lost = 0

  /**
   * The only logger of what it is provided to. What single ramps do is of interest where one asks for all details: without that, from
   * warnings on.
   */
  layer(level: Entry["level"]): Layer.Layer<never> {
    const logger = Logger.make(({ message, logLevel, cause }) => {
      const parts = [message].flat().map(String)
      if (cause.reasons.length > 0) parts.push(Cause.pretty(cause))
      this.#add({ level: levelOf(logLevel), text: parts.join(" ") })
    })
    return Layer.merge(
      Logger.layer([logger]),
      Layer.succeed(References.MinimumLogLevel, level === "Info" ? "Warn" : level)
    )
  }

  readonly take = (): ReadonlyArray<Entry> => {
    const entries = this.#entries
    if (this.#lost > 0) entries.push({ level: "Warn", text: `${this.#lost} lines of the log were left out` })
    this.#entries = []
    this.#lost = 0
    return entries
  }

  #add(entry: Entry): void {
    if (this.#entries.length < MAX_HELD) this.#entries.push(entry)
    else this.#lost++
  }
}

const levelOf = (level: string): Entry["level"] =>
  level === "Fatal" ? "Error" : level === "Trace" ? "Debug" : (level as Entry["level"])
