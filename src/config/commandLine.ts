/**
 * A program's command line: what to print, or the configuration to run with, or to hold against the machine.
 *
 * `--help`, `--version`, `--check-config`, `--print-config` and `--doctor` end the program with what they print.
 */
import { readFileSync } from "node:fs"
import * as Result from "effect/Result"
import type { ConfigOf, Keys } from "./Keys.ts"
import { environmentName } from "./Keys.ts"
import { type ConfigInvalid, printable, type Rule, resolve } from "./resolve.ts"
import { fromEnvironment, fromFile, fromFlags, type Source } from "./sources.ts"

export interface Program<K extends Keys> {
  readonly name: string
  readonly about: string
  readonly keys: K
  readonly rules: ReadonlyArray<Rule<ConfigOf<K>>>
  /** Keys of the other program: their variables in a shared environment are no mistakes. */
  readonly alsoKnown: Keys
  /** Built-in values that depend on what is given: a source to go before these. */
  readonly presets?: (sources: ReadonlyArray<Source>) => Source
  /** Other commands that the program has instead of its work, for its help. */
  readonly commands?: ReadonlyArray<readonly [usage: string, about: string]>
}

/** What the command line asks for: text to print (and exit 0), whether the machine carries a configuration, or a run. */
export type Wish<C> = { readonly print: string } | { readonly doctor: C } | { readonly config: C }

/** The version in package.json, which stands one folder above the compiled sources and the sources alike. */
export const version: string = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8")
).version

const help = ({
  name,
  about,
  keys,
  commands: others = []
}: Pick<Program<Keys>, "name" | "about" | "keys" | "commands">): string => {
  const rows = Object.entries(keys).map(([path, { kind, fallback, about }]) => [
    `--${path}`,
    `${about} [${fallback === undefined ? "unset" : JSON.stringify(kind.toJson(fallback))}]`
  ])
  const commands = [
    ...others,
    ["--config FILE", "read settings from a JSON file"],
    ["--check-config", "check the configuration and exit: 0, or 78 with every problem"],
    ["--print-config", "print the merged configuration, secrets masked, and exit"],
    ["--doctor", "tell what the configured size needs of this machine and how to mend it, and exit: 0, or 1"],
    ["--help, --version", "print this, or the version, and exit"]
  ]
  const width = Math.max(...[...rows, ...commands].map(([flag = ""]) => flag.length)) + 2
  const table = (lines: ReadonlyArray<ReadonlyArray<string>>) =>
    lines.map(([flag = "", text = ""]) => `  ${flag.padEnd(width)}${text}`).join("\n")
  const example = Object.keys(keys).find((path) => path.includes(".")) ?? ""
  return [
    `${name} ${version}: ${about}`,
    `Usage: node dist/${name}.js [--config FILE] [--KEY VALUE ...]`,
    table(commands),
    "Keys [built-in value]. Each may stand in the file, in the environment, or as a flag; the later wins",
    `(--${example} is ${environmentName(example)} in the environment):`,
    table(rows)
  ].join("\n\n")
}

export const readCommandLine = <K extends Keys>(
  program: Program<K>,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): Result.Result<Wish<ConfigOf<K>>, ConfigInvalid> => {
  const { keys, rules, alsoKnown } = program
  const flags = fromFlags(keys, args)
  const { command } = flags
  if (command.help) return Result.succeed({ print: help(program) })
  if (command.version) return Result.succeed({ print: version })
  const file = command.config === undefined ? [] : [fromFile(keys, command.config)]
  const given = [...file, fromEnvironment(keys, environment, alsoKnown), flags]
  const sources = program.presets === undefined ? given : [program.presets(given), ...given]
  return Result.map(resolve(keys, sources, rules), (config) => {
    if (command.printConfig) return { print: JSON.stringify(printable(keys, config), undefined, 2) }
    if (command.checkConfig) return { print: "The configuration is sound." }
    return command.doctor ? { doctor: config } : { config }
  })
}
