/** How the programs log: a line for people on a terminal, a JSON object for each entry otherwise. */
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"

export interface LogOptions {
  readonly level: "Debug" | "Info" | "Warn" | "Error"
  readonly format: "auto" | "pretty" | "json"
}

/** @param print where lines go, for a program that also draws on the terminal; the console without it */
export const layer = ({ level, format }: LogOptions, print?: (line: string) => void): Layer.Layer<never> => {
  const isPretty = format === "pretty" || (format === "auto" && process.stdout.isTTY === true)
  const toConsole = isPretty ? Logger.consolePretty() : Logger.consoleJson
  const logger =
    print === undefined ? toConsole : Logger.map(isPretty ? Logger.formatLogFmt : Logger.formatJson, print)
  return Layer.mergeAll(Logger.layer([logger]), Layer.succeed(References.MinimumLogLevel, level))
}
