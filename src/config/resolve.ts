/**
 * Layers settings over the built-in values (defaults < file < environment < flags) and checks all of them.
 *
 * Every problem is reported at once. A value that a higher layer overrides is checked too: a broken file does
 * not become sound because a flag happens to hide the broken key.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import type { ConfigOf, Keys } from "./Keys.ts"
import { InnerProblems, type Kind } from "./Kind.ts"
import { type Problem, type Setting, type Source, show } from "./sources.ts"

/** The configuration cannot be used; the process exits with 78 (EX_CONFIG of sysexits.h). */
export class ConfigInvalid extends Data.TaggedError("ConfigInvalid")<{
  readonly problems: ReadonlyArray<Problem>
}> {
  override readonly [Runtime.errorExitCode] = 78

  override get message(): string {
    const count = this.problems.length
    const lines = this.problems.map(({ where, message, source }) => `  ${where}: ${message} (${source})`)
    return [`${count} problem${count === 1 ? "" : "s"} in the configuration:`, ...lines].join("\n")
  }
}

/**
 * A rule that spans several keys, checked when each key alone is sound.
 * @param given paths of the keys that a source has a value for; others have the built-in one
 */
export type Rule<C> = (config: C, given: ReadonlySet<string>) => ReadonlyArray<Omit<Problem, "source">>

const nest = (values: ReadonlyMap<string, unknown>): unknown => {
  const root: Record<string, unknown> = {}
  for (const [path, value] of values) {
    const names = path.split(".")
    const last = names.pop()!
    let inner = root
    for (const name of names) {
      inner[name] ??= {}
      inner = inner[name] as Record<string, unknown>
    }
    inner[last] = value
  }
  return root
}

const decode = (
  keys: Keys,
  { path, value, isText, source }: Setting
): Result.Result<unknown, ReadonlyArray<Problem>> => {
  const { kind } = keys[path]!
  return Result.mapError(kind.decode(isText ? kind.fromText(value as string) : value), (failure) =>
    failure instanceof InnerProblems
      ? failure.problems.map(({ where, message }) => ({ where: path + where, message, source }))
      : [
          {
            where: path,
            message: `expected ${kind.expected}, found ${kind.isSecret === true ? "something else" : show(value)}`,
            source
          }
        ]
  )
}

/** Sources come lowest precedence first. */
export const resolve = <K extends Keys>(
  keys: K,
  sources: ReadonlyArray<Source>,
  rules: ReadonlyArray<Rule<ConfigOf<K>>> = []
): Result.Result<ConfigOf<K>, ConfigInvalid> => {
  const values = new Map<string, unknown>(
    Object.entries(keys).map(([path, { fallback }]) => [path, fallback])
  )
  const problems = sources.flatMap((source) => source.problems)
  const settings = sources.flatMap((source) => source.settings)
  for (const setting of settings) {
    const decoded = decode(keys, setting)
    if (Result.isSuccess(decoded)) values.set(setting.path, decoded.success)
    else problems.push(...decoded.failure)
  }
  const config = nest(values) as ConfigOf<K>
  if (problems.length === 0) {
    const given = new Set(settings.map(({ path }) => path))
    for (const rule of rules)
      problems.push(...rule(config, given).map((problem) => ({ ...problem, source: "rules" })))
  }
  return problems.length > 0 ? Result.fail(new ConfigInvalid({ problems })) : Result.succeed(config)
}

/** Every key that has a value, as JSON. */
const toJson = (
  keys: Keys,
  config: unknown,
  valueToJson: (kind: Kind<unknown>, value: unknown) => unknown
): unknown => {
  const read = (path: string) =>
    path
      .split(".")
      .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | undefined)?.[name], config)
  return nest(
    new Map(
      Object.entries(keys)
        .map(([path, { kind }]) => [path, kind, read(path)] as const)
        .filter(([, , value]) => value !== undefined)
        .map(([path, kind, value]) => [path, valueToJson(kind, value)])
    )
  )
}

/** Every key with its value as JSON, secrets masked: what `--print-config` shows. */
export const printable = <K extends Keys>(keys: K, config: ConfigOf<K>): unknown =>
  toJson(keys, config, (kind, value) => kind.toJson(value))

/** The same with its secrets: for another process of the same server, over a channel of their own. Never to be shown or kept. */
export const transferable = <K extends Keys>(keys: K, config: ConfigOf<K>): unknown =>
  toJson(keys, config, (kind, value) =>
    kind.toTransfer === undefined ? kind.toJson(value) : kind.toTransfer(value)
  )
