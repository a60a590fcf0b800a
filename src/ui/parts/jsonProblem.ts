/**
 * Where a text stops being JSON, and what should stand there. Browsers say it each in its own words, and some not at all. It accepts what
 * `JSON.parse` accepts, without recursion.
 */
export interface JsonProblem {
  /** From 1. */
  readonly line: number
  /** In characters, from 1. */
  readonly column: number
  readonly message: string
  /** In UTF-16 code units, from 0. */
  readonly offset: number
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
/** A run of characters of a string, short enough to be matched without much memory. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON does not allow them in strings
const PLAIN = /[^"\\\u0000-\u001f]{1,4096}/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

class Fault {
  readonly offset: number
  readonly message: string
  constructor(offset: number, message: string) {
    this.offset = offset
    this.message = message
  }
}

/** The place behind what the pattern matches at `at`; `at` where it does not match. */
const behind = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

const shown = (text: string, at: number): string =>
  at >= text.length ? "the end of the text" : `“${String.fromCodePoint(text.codePointAt(at)!)}”`

const expected = (what: string, text: string, at: number): Fault =>
  new Fault(at, `expected ${what}, found ${shown(text, at)}`)

const behindString = (text: string, start: number): number | Fault => {
  let at = start + 1
  for (;;) {
    const next = behind(PLAIN, text, at)
    if (next > at) at = next
    else if (text[at] === '"') return at + 1
    else if (text[at] === "\\") {
      const escaped = behind(ESCAPE, text, at)
      if (escaped === at) return new Fault(at, "this is no escape; a backslash itself is written \\\\")
      at = escaped
    } else if (at >= text.length) return new Fault(start, "this string is not closed")
    else return new Fault(at, "a line break or control character in a string has to be escaped, as \\n")
  }
}

const hints: Readonly<Record<string, string>> = {
  "'": "strings stand in double quotes",
  ",": "there is a comma too many",
  "/": "JSON has no comments"
}

const behindScalar = (text: string, at: number, what: string): number | Fault => {
  if (text[at] === '"') return behindString(text, at)
  const next = behind(NUMBER, text, at)
  if (next > at) return next
  const word = behind(WORD, text, at)
  if (word > at) return word
  const hint = hints[text[at] ?? ""]
  return hint === undefined ? expected(what, text, at) : new Fault(at, `${hint}: expected ${what}`)
}

const behindKey = (text: string, from: number): number | Fault => {
  const at = behind(SPACE, text, from)
  if (text[at] !== '"') return expected("a name in double quotes", text, at)
  const key = behindString(text, at)
  if (key instanceof Fault) return key
  const colon = behind(SPACE, text, key)
  return text[colon] === ":" ? colon + 1 : expected("“:”", text, colon)
}

/** Passes one value, or says what is wrong with it. */
const behindValue = (text: string): number | Fault => {
  const closers: Array<"]" | "}"> = []
  let at: number | Fault = 0
  let what = "a value"
  for (;;) {
    at = behind(SPACE, text, at)
    const opened: string | undefined = text[at]
    if (opened === "{" || opened === "[") {
      const closer = opened === "{" ? "}" : "]"
      const inside = behind(SPACE, text, at + 1)
      if (text[inside] === closer) at = inside + 1
      else {
        closers.push(closer)
        at = closer === "}" ? behindKey(text, at + 1) : at + 1
        what = closer === "]" ? "a value or “]”" : "a value"
        if (at instanceof Fault) return at
        continue
      }
    } else at = behindScalar(text, at, what)
    if (at instanceof Fault) return at
    what = "a value"
    for (;;) {
      const closer = closers.at(-1)
      if (closer === undefined) return at
      at = behind(SPACE, text, at)
      if (text[at] === closer) {
        closers.pop()
        at++
      } else if (text[at] === ",") {
        at = closer === "}" ? behindKey(text, at + 1) : at + 1
        break
      } else return expected(`“,” or “${closer}”`, text, at)
    }
    if (at instanceof Fault) return at
  }
}

const placed = (text: string, { offset, message }: Fault): JsonProblem => {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/)
  return { line: lines.length, column: [...lines.at(-1)!].length + 1, message, offset }
}

/** Undefined where the text is JSON. */
export const jsonProblem = (text: string): JsonProblem | undefined => {
  const end = behindValue(text)
  if (end instanceof Fault) return placed(text, end)
  const rest = behind(SPACE, text, end)
  return rest === text.length
    ? undefined
    : placed(text, new Fault(rest, `expected nothing behind the value, found ${shown(text, rest)}`))
}
