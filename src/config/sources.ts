/** Where settings come from: a JSON file, the environment, flags. Each gives settings and problems, never throws. */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as Predicate from "effect/Predicate"
import { environmentName, type Keys } from "./Keys.ts"
import { boolean } from "./Kind.ts"
import { nearest } from "./nearest.ts"

/** One value that a source gives for one known key; `isText` when it still has to be read as the key's kind. */
export interface Setting {
  readonly path: string
  readonly value: unknown
  readonly isText: boolean
  readonly source: string
}

/** One thing wrong with a configuration. `where` is a key's path, a file or a flag. */
export interface Problem {
  readonly where: string
  readonly message: string
  readonly source: string
}

export interface Source {
  readonly settings: ReadonlyArray<Setting>
  readonly problems: ReadonlyArray<Problem>
}

const unknownKey = (path: string, paths: ReadonlyArray<string>, source: string): Problem => {
  const near = nearest(path, paths)
  return { where: path, message: `unknown key${near === undefined ? "" : `; did you mean ${near}?`}`, source }
}

/** Short, on one line, whatever the value is. */
export const show = (value: unknown): string => {
  const shown = JSON.stringify(value) ?? String(value)
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown
}

/** Settings of a parsed JSON document: descends as long as the path is the beginning of a known key. */
export const fromJson = (keys: Keys, document: unknown, source: string): Source => {
  const paths = Object.keys(keys)
  const settings: Array<Setting> = []
  const problems: Array<Problem> = []
  const visit = (path: string, value: unknown) => {
    if (Object.hasOwn(keys, path)) {
      settings.push({ path, value, isText: false, source })
    } else if (path !== "" && !paths.some((known) => known.startsWith(`${path}.`))) {
      problems.push(unknownKey(path, paths, source))
    } else if (!Predicate.isObject(value)) {
      problems.push({ where: path || source, message: `expected an object, found ${show(value)}`, source })
    } else {
      for (const [name, inner] of Object.entries(value)) visit(path === "" ? name : `${path}.${name}`, inner)
    }
  }
  visit("", document)
  return { settings, problems }
}

export const fromFile = (keys: Keys, file: string): Source => {
  const failed = (message: string): Source => ({
    settings: [],
    problems: [{ where: file, message, source: "--config" }]
  })
  let content: string
  try {
    content = readFileSync(file, "utf8")
  } catch (error) {
    return failed(`cannot be read: ${(error as Error).message}`)
  }
  try {
    return fromJson(keys, JSON.parse(content), file)
  } catch (error) {
    return failed(`is not valid JSON: ${(error as Error).message}`)
  }
}

/**
 * Settings from variables that begin with `CLARION_`. Client and server share one environment, so a variable
 * of the other program (`alsoKnown`) is passed over.
 */
export const fromEnvironment = (
  keys: Keys,
  environment: Readonly<Record<string, string | undefined>>,
  alsoKnown: Keys
): Source => {
  const paths = new Map(Object.keys(keys).map((path) => [environmentName(path), path]))
  const others = new Set(Object.keys(alsoKnown).map(environmentName))
  const settings: Array<Setting> = []
  const problems: Array<Problem> = []
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith("CLARION_") || value === undefined) continue
    const path = paths.get(name)
    if (path !== undefined) settings.push({ path, value, isText: true, source: name })
    else if (!others.has(name)) problems.push(unknownKey(name, [...paths.keys()], "environment"))
  }
  return { settings, problems }
}

/** Flags that are no keys: what the program shall do instead of its work, and which file to read. */
export interface Command {
  readonly config: string | undefined
  readonly help: boolean
  readonly version: boolean
  readonly checkConfig: boolean
  readonly printConfig: boolean
  readonly doctor: boolean
}

const commandFlags = {
  config: { type: "string" },
  help: { type: "boolean" },
  version: { type: "boolean" },
  "check-config": { type: "boolean" },
  "print-config": { type: "boolean" },
  doctor: { type: "boolean" }
} as const

/** Not a key in PEM, which begins with more dashes. */
const isFlag = (word: string | undefined): boolean => word !== undefined && /^--(?!-)/.test(word)

/** Settings and command of a command line: `--key value`, `--key=value`; a flag of true/false may stand alone. */
export const fromFlags = (
  keys: Keys,
  args: ReadonlyArray<string>
): Source & { readonly command: Command } => {
  // Without a prototype: "--constructor" is no option of ours.
  const options: Record<string, { type: "string" | "boolean" }> = Object.assign(
    Object.create(null),
    commandFlags
  )
  for (const [path, { kind }] of Object.entries(keys))
    options[path] = { type: kind === boolean ? "boolean" : "string" }
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true
  })

  const settings: Array<Setting> = []
  const problems: Array<Problem> = []
  const given = new Map<string, string | undefined>()
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1]
    if (token.kind === "positional") {
      // The word after a lone flag belongs to it: `--onlyTestConnect false`, or the value of an unknown key.
      const isMissingValue = before?.kind === "option" && !before.inlineValue && isFlag(before.value)
      const taken =
        isMissingValue ||
        (before?.kind === "option" && before.value === undefined && options[before.name]?.type !== "string")
      if (!taken) problems.push({ where: token.value, message: "unexpected argument", source: "flags" })
    } else if (token.kind === "option") {
      const next = tokens[at + 1]
      const alone = options[token.name]?.type === "boolean" && token.value === undefined
      const value = alone ? (next?.kind === "positional" ? next.value : "true") : token.value
      if (Object.hasOwn(commandFlags, token.name)) given.set(token.name, value)
      else if (!Object.hasOwn(keys, token.name))
        problems.push(unknownKey(token.name, Object.keys(options), "flags"))
      else if (value === undefined || (!alone && !token.inlineValue && isFlag(value)))
        problems.push({ where: token.name, message: "expected a value after the flag", source: "flags" })
      else settings.push({ path: token.name, value, isText: true, source: token.rawName })
    }
  }
  if (given.has("config") && !given.get("config")?.match(/^(?!--)./))
    problems.push({ where: "--config", message: "expected a file after the flag", source: "flags" })
  return {
    settings,
    problems,
    command: {
      config: given.get("config"),
      help: given.has("help"),
      version: given.has("version"),
      checkConfig: given.has("check-config"),
      printConfig: given.has("print-config"),
      doctor: given.has("doctor")
    }
  }
}
