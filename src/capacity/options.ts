/** A command line of options alone, with every problem at once: `npm run plan`, `npm run simulate`. */
import * as Result from "effect/Result"
import { version } from "../config/commandLine.ts"
import type { ConfigOf, Keys } from "../config/Keys.ts"
import { type ConfigInvalid, type Rule, resolve } from "../config/resolve.ts"
import { fromFlags } from "../config/sources.ts"

interface Options<K extends Keys> {
  readonly name: string
  readonly about: string
  readonly keys: K
  readonly rules: ReadonlyArray<Rule<ConfigOf<K>>>
}

const help = ({ name, about, keys }: Omit<Options<Keys>, "rules">): string => {
  const rows = Object.entries(keys).map(([path, { kind, fallback, about }]) => [
    `--${path}`,
    `${about} [${fallback === undefined ? "unset" : kind.toJson(fallback)}], ${kind.expected}`
  ])
  const width = Math.max(...rows.map(([flag = ""]) => flag.length)) + 2
  return [
    `${about}\n`,
    `Usage: npm run ${name} -- [--OPTION VALUE ...]\n`,
    ...rows.map(([flag = "", text = ""]) => `  ${flag.padEnd(width)}${text}`)
  ].join("\n")
}

/** Flags of the servers that have no meaning here. */
const FOREIGN = ["config", "checkConfig", "printConfig", "doctor"] as const

/** What is asked for: a text to print, or options to go on with. Exit code 78 for a command line that is wrong. */
export const readOptions = <K extends Keys>(
  options: Options<K>,
  args: ReadonlyArray<string>
): Result.Result<{ readonly print: string } | { readonly options: ConfigOf<K> }, ConfigInvalid> => {
  const { command, ...flags } = fromFlags(options.keys, args)
  if (command.help) return Result.succeed({ print: help(options) })
  if (command.version) return Result.succeed({ print: version })
  const foreign = FOREIGN.filter((name) => command[name] !== undefined && command[name] !== false).map(
    (where) => ({ where, message: "there is no such option here", source: "flags" })
  )
  const source = { ...flags, problems: [...flags.problems, ...foreign] }
  return Result.map(resolve(options.keys, [source], options.rules), (given) => ({ options: given }))
}
