/** How the programs log: for people on a terminal, as JSON lines otherwise. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

export interface LogOptions {
  readonly level: "Debug" | "Info" | "Warn" | "Error"
  readonly format: "auto" | "pretty" | "json"
}

export const layer = ({ level, format }: LogOptions): Layer.Layer<never> => {
  const isPretty = format === "pretty" || (format === "auto" && process.stdout.isTTY === true)
  return Layer.mergeAll(
    Logger.layer([isPretty ? Logger.consolePretty() : Logger.consoleJson]),
    Layer.succeed(References.MinimumLogLevel, level)
  )
}
