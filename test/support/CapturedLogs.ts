/** Takes what the program under test logs instead of printing it. */
import * as Cause from "effect/Cause"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

export interface LogLine {
  readonly level: string
  readonly text: string
  readonly annotations: Readonly<Record<string, unknown>>
  /** Empty where none was logged. */
  readonly cause: string
}

export class CapturedLogs {
  readonly lines: Array<LogLine> = []

  /** The only logger of what it is provided to. */
  readonly layer: Layer.Layer<never> = Logger.layer([
    Logger.make(({ message, logLevel, cause, fiber }) => {
      this.lines.push({
        level: logLevel,
        text: Array.isArray(message) ? message.join(" ") : String(message),
        annotations: fiber.getRef(References.CurrentLogAnnotations),
        cause: cause.reasons.length === 0 ? "" : Cause.pretty(cause)
      })
    })
  ])

  /** The texts of one level, or of all. */
  texts(level?: string): ReadonlyArray<string> {
    return this.lines.filter((line) => level === undefined || line.level === level).map(({ text }) => text)
  }
}
