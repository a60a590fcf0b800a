/**
 * Kinds of configuration values: what a key accepts, in words and as a schema.
 *
 * A value comes typed (from a JSON file) or as text (from the environment and flags). Typed values must have
 * the right type; text is first read as the kind's own JSON value. Both then pass the same schema.
 */
import * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { parseLocalAddresses } from "./localAddresses.ts"

/** What one key accepts. `expected` completes the sentence "expected …, found …". */
export interface Kind<A> {
  readonly expected: string
  readonly decode: (json: unknown) => Result.Result<A, unknown>
  /** The JSON value that a text from the environment or a flag stands for. */
  readonly fromText: (text: string) => unknown
  /** The JSON value to show in `--print-config`; reading it back gives the same value, except for secrets. */
  toJson(value: A): unknown
  /** The same with its secrets, where the value has any. */
  toTransfer?(value: A): unknown
  /** Values that are never shown, not even wrong ones. */
  readonly isSecret?: boolean
}

/** One thing wrong inside of a value that has parts. `where` continues the key's path: "[0].name". */
export interface InnerProblem {
  readonly where: string
  readonly message: string
}

/** How a kind whose values have parts says more than what it expected. */
export class InnerProblems {
  constructor(readonly problems: ReadonlyArray<InnerProblem>) {}
}

const kind = <A, I>(
  expected: string,
  schema: Schema.Codec<A, I>,
  fromText: (text: string) => unknown,
  toJson: (value: A) => unknown = (value) => value
): Kind<A> => ({ expected, decode: Schema.decodeUnknownResult(schema), fromText, toJson })

const asText = (text: string): unknown => text
const asNumber = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text)
const asBoolean = (text: string): unknown => (text === "true" ? true : text === "false" ? false : text)

export const text: Kind<string> = kind("a text that is not empty", Schema.NonEmptyString, asText)

export const boolean: Kind<boolean> = kind("true or false", Schema.Boolean, asBoolean)

const range = (what: string, minimum: number, maximum: number) =>
  maximum === Number.MAX_SAFE_INTEGER
    ? `${what} of at least ${minimum}`
    : `${what} between ${minimum} and ${maximum}`

export const integer = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Kind<number> =>
  kind(
    range("a whole number", minimum, maximum),
    Schema.Int.pipe(Schema.check(Schema.isBetween({ minimum, maximum }))),
    asNumber
  )

export const number = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): Kind<number> =>
  kind(
    range("a number", minimum, maximum),
    Schema.Finite.pipe(Schema.check(Schema.isBetween({ minimum, maximum }))),
    asNumber
  )

/** 0 asks the system for a free port. */
export const port: Kind<number> = integer(0, 65535)

export const choice = <const L extends ReadonlyArray<string>>(...options: L): Kind<L[number]> =>
  kind(
    `one of ${options.map((option) => JSON.stringify(option)).join(", ")}`,
    Schema.Literals(options),
    asText
  )

/** `or` widens a kind by fixed words: `or(integer(0), "auto")`. */
export const or = <A, const W extends string>(other: Kind<A>, word: W): Kind<A | W> => ({
  expected: `${other.expected}, or ${JSON.stringify(word)}`,
  decode: (json) => (json === word ? Result.succeed(word) : other.decode(json)),
  fromText: (given) => (given === word ? word : other.fromText(given)),
  toJson: (value) => (value === word ? word : other.toJson(value as A))
})

const decodeTexts = Schema.decodeUnknownResult(Schema.Array(Schema.NonEmptyString))

const parts = (text: string): ReadonlyArray<string> =>
  text.trim() === "" ? [] : text.split(",").map((part) => part.trim())

/** A list of texts, maybe none: a JSON array, or one text with commas. */
export const list: Kind<ReadonlyArray<string>> = {
  expected: "a list of texts, or one text with commas",
  decode: (json) => decodeTexts(Predicate.isString(json) ? parts(json) : json),
  fromText: asText,
  toJson: (texts) => texts
}

/** A list, maybe empty, of these words. */
export const listOf = <const L extends ReadonlyArray<string>>(
  ...options: L
): Kind<ReadonlyArray<L[number]>> => {
  const decodeOptions = Schema.decodeUnknownResult(Schema.Array(Schema.Literals(options)))
  return {
    ...list,
    expected: `a list of any of ${options.map((option) => JSON.stringify(option)).join(", ")}`,
    decode: (json) => Result.flatMap(list.decode(json), (texts) => decodeOptions(texts))
  }
}

/** What `--print-config` shows in place of a secret. */
const MASK = "<secret>"

/** A text that is never shown: `Redacted`. The mask is refused: a printed configuration would else have a secret that everyone knows. */
export const secret: Kind<Redacted.Redacted<string>> = {
  ...kind(
    "a text that is not empty, and not the mask of a secret",
    Schema.RedactedFromValue(
      Schema.NonEmptyString.pipe(Schema.check(Schema.makeFilter((text) => text !== MASK)))
    ),
    asText,
    () => MASK
  ),
  toTransfer: Redacted.value,
  isSecret: true
}

const units: ReadonlyArray<readonly [names: RegExp, ms: number, word: string]> = [
  [/^(ms|millis|milliseconds?)?$/, 1, "ms"],
  [/^(s|secs?|seconds?)$/, 1000, "second"],
  [/^(m|mins?|minutes?)$/, 60_000, "minute"],
  [/^(h|hours?)$/, 3_600_000, "hour"],
  [/^(d|days?)$/, 86_400_000, "day"]
]

/** Milliseconds of "10 minutes", "500 ms", "1.5 hours", or of a text of digits; NaN for anything else. */
const parseDuration = (given: string): number => {
  const [, amount, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(given) ?? []
  const found = units.find(([names]) => names.test(unit.toLowerCase()))
  return found === undefined ? Number.NaN : Number(amount) * found[1]
}

/** 31,000 years: longer ones are typing errors, and cannot be written back exactly. */
const MAX_DURATION_MS = 1e15

/** The shortest exact way to write a duration: 600000 → "10 minutes". */
export const formatDuration = (duration: Duration.Duration): string => {
  const ms = Duration.toMillis(duration)
  const unit = units.findLast(([, size]) => ms >= size && ms % size === 0) ?? units[0]!
  const amount = ms / unit[1]
  return unit[2] === "ms" ? `${amount} ms` : `${amount} ${unit[2]}${amount === 1 ? "" : "s"}`
}

/** "10 minutes", "500 ms", or a number of milliseconds. */
export const duration: Kind<Duration.Duration> = {
  expected: 'a duration such as "10 minutes", "500 ms" or a number of milliseconds',
  decode: (json) => {
    const ms = Predicate.isString(json) ? parseDuration(json) : Predicate.isNumber(json) ? json : Number.NaN
    return ms >= 0 && ms <= MAX_DURATION_MS ? Result.succeed(Duration.millis(ms)) : Result.fail(json)
  },
  fromText: asText,
  toJson: formatDuration
}

/** A kind with a further condition on its values. `expected` tells both. */
export const refine = <A>(base: Kind<A>, expected: string, isRight: (value: A) => boolean): Kind<A> => ({
  ...base,
  expected,
  decode: (json) =>
    Result.flatMap(base.decode(json), (value) =>
      isRight(value) ? Result.succeed(value) : Result.fail(value)
    )
})

/** A duration that something repeats or waits for, so 0 makes no sense. */
export const positiveDuration: Kind<Duration.Duration> = refine(
  duration,
  `${duration.expected}, longer than 0`,
  (value) => Duration.toMillis(value) > 0
)

export const webSocketUri: Kind<string> = refine(
  text,
  "a URI that starts with ws:// or wss://, without user, fragment or port 0",
  (uri) => {
    if (!URL.canParse(uri)) return false
    const { protocol, username, password, hash, port } = new URL(uri)
    return /^wss?:$/.test(protocol) && username + password + hash === "" && port !== "0"
  }
)

export const httpUrl: Kind<string> = refine(
  text,
  "a URL that starts with http:// or https://",
  (url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
)

export const localAddresses: Kind<ReadonlyArray<string>> = refine(
  list,
  "IPv4 addresses and ranges such as 127.0.1.1-127.0.1.40",
  (addresses) => addresses.length > 0 && !("problems" in parseLocalAddresses(addresses))
)
