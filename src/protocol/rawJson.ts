/**
 * JSON that is looked at, not parsed: a strict scanner over text that says where values stand, so that payloads pass through byte for byte.
 * Parsing and printing would lose big integers, move integer-like keys and rewrite escapes.
 *
 * It accepts exactly what `JSON.parse` accepts, without recursion: nesting is bounded by the length of the text only.
 *
 * HOT PATH of commands and of the server API: no allocation but for nesting, one pass over each character.
 */

/** What `next` answers at the end of the text. */
export const END = -1

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const PLUS = 0x2b
export const COMMA = 0x2c
export const MINUS = 0x2d
const DOT = 0x2e
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
export const COLON = 0x3a
const UPPER_E = 0x45
export const QUOTE = 0x22
const SLASH = 0x2f
export const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
export const CLOSE_BRACKET = 0x5d
const LOWER_E = 0x65
const LOWER_U = 0x75
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d

/** V8 copies slices that are shorter, and longer ones refer to the text that they were taken from (`SlicedString::kMinLength`). */
const SLICED_LENGTH = 13

const isDigit = (code: number): boolean => code >= DIGIT_0 && code <= DIGIT_9

/** Whether `"\` followed by this character is an escape of two characters: one of `"\/bfnrt`. */
const isShortEscape = (code: number): boolean =>
  code === QUOTE ||
  code === BACKSLASH ||
  code === SLASH ||
  code === 0x62 ||
  code === 0x66 ||
  code === 0x6e ||
  code === 0x72 ||
  code === 0x74

const isHexDigit = (code: number): boolean => {
  const lower = code | 0x20
  return isDigit(code) || (lower >= 0x61 && lower <= 0x66)
}

/** A place in a JSON text that moves on. What returns false or undefined has found something that is not JSON; the cursor is useless then. */
export class JsonCursor {
  readonly text: string
  at = 0
  /** Where the raw newline stood that was passed last, or -1. They stand between tokens only. */
  lastNewline = -1
  private hadEscape = false

  constructor(text: string) {
    this.text = text
  }

  /** Passes whitespace. The code of the character that is there, `END` at the end. */
  next(): number {
    const { text } = this
    let at = this.at
    while (at < text.length) {
      const code = text.charCodeAt(at)
      if (code === LF || code === CR) this.lastNewline = at
      else if (code !== SPACE && code !== TAB) {
        this.at = at
        return code
      }
      at++
    }
    this.at = at
    return END
  }

  /** Passes whitespace and this one character, if it is there. */
  take(code: number): boolean {
    if (this.next() !== code) return false
    this.at++
    return true
  }

  /** Passes one value of any type. */
  skipValue(): boolean {
    /** What closes the innermost open array or object, 0 outside of any; and what closes those around it. */
    let closer = 0
    let outer: Array<number> | undefined
    for (;;) {
      const code = this.next()
      if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        const ownCloser = code + 2
        this.at++
        if (!this.take(ownCloser)) {
          if (closer !== 0) {
            outer ??= []
            outer.push(closer)
          }
          closer = ownCloser
          if (closer === CLOSE_BRACE && !this.skipKey()) return false
          continue
        }
      } else if (!this.skipScalar(code)) return false
      // Behind a value: what it may close, or the way to the next one.
      while (closer !== 0 && this.take(closer)) closer = outer?.pop() ?? 0
      if (closer === 0) return true
      if (!this.take(COMMA) || (closer === CLOSE_BRACE && !this.skipKey())) return false
    }
  }

  /** Passes a member's key and colon. */
  private skipKey(): boolean {
    return this.next() === QUOTE && this.skipString() && this.take(COLON)
  }

  private skipScalar(code: number): boolean {
    if (code === QUOTE) return this.skipString()
    if (code === MINUS || isDigit(code)) return this.skipNumber()
    return this.skipWord("true") || this.skipWord("false") || this.skipWord("null")
  }

  /** Passes this literal name, if it is there: `true`, `false` or `null`. */
  skipWord(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false
    this.at += word.length
    return true
  }

  /** Passes a string. The cursor is at its opening quote. */
  private skipString(): boolean {
    const { text } = this
    let at = this.at + 1
    this.hadEscape = false
    while (at < text.length) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.at = at + 1
        return true
      }
      if (code < SPACE) return false
      if (code === BACKSLASH) {
        this.hadEscape = true
        at = this.behindEscape(at + 1)
        if (at < 0) return false
      } else at++
    }
    return false
  }

  /** The place behind the escape whose second character is at `at`, -1 when it is none. */
  private behindEscape(at: number): number {
    const { text } = this
    const code = text.charCodeAt(at)
    if (isShortEscape(code)) return at + 1
    if (code !== LOWER_U) return -1
    for (let digit = at + 1; digit <= at + 4; digit++) if (!isHexDigit(text.charCodeAt(digit))) return -1
    return at + 5
  }

  private skipNumber(): boolean {
    if (this.text.charCodeAt(this.at) === MINUS) this.at++
    if (this.text.charCodeAt(this.at) === DIGIT_0) this.at++
    else if (!this.skipDigits()) return false
    if (this.text.charCodeAt(this.at) === DOT) {
      this.at++
      if (!this.skipDigits()) return false
    }
    const exponent = this.text.charCodeAt(this.at)
    if (exponent !== LOWER_E && exponent !== UPPER_E) return true
    const sign = this.text.charCodeAt(++this.at)
    if (sign === PLUS || sign === MINUS) this.at++
    return this.skipDigits()
  }

  /** Passes one digit or more. */
  private skipDigits(): boolean {
    const start = this.at
    while (isDigit(this.text.charCodeAt(this.at))) this.at++
    return this.at > start
  }

  /**
   * Reads a string's characters. They are a string of their own: a longer slice would keep the whole text in memory for as long as it is kept
   * itself, as a channel's name is.
   */
  readString(): string | undefined {
    if (this.next() !== QUOTE) return undefined
    const start = this.at
    if (!this.skipString()) return undefined
    return this.hadEscape || this.at - start - 2 >= SLICED_LENGTH
      ? (JSON.parse(this.text.slice(start, this.at)) as string)
      : this.text.slice(start + 1, this.at - 1)
  }

  /** Reads `true` or `false`. */
  readBoolean(): boolean | undefined {
    this.next()
    return this.skipWord("true") ? true : this.skipWord("false") ? false : undefined
  }

  /** Reads a whole number within these limits, written without fraction and exponent. */
  readInteger(min: number, max: number): number | undefined {
    const isNegative = this.next() === MINUS
    if (isNegative) this.at++
    const start = this.at
    let value = 0
    while (isDigit(this.text.charCodeAt(this.at)))
      value = value * 10 + this.text.charCodeAt(this.at++) - DIGIT_0
    if (this.at === start) return undefined
    const hasLeadingZero = this.at - start > 1 && this.text.charCodeAt(start) === DIGIT_0
    // 0 - value: -0 is 0.
    const signed = isNegative ? 0 - value : value
    return hasLeadingZero || signed < min || signed > max || (isNegative && min >= 0) ? undefined : signed
  }

  /** Reads a value of any type: its source text, without the whitespace around it. */
  readRaw(): string | undefined {
    this.next()
    const start = this.at
    return this.skipValue() ? this.text.slice(start, this.at) : undefined
  }

  /** Whether nothing but whitespace is left. */
  isAtEnd(): boolean {
    return this.next() === END
  }
}

/** Whether the text is one JSON value: what `JSON.parse` would accept. */
export const isJsonText = (text: string): boolean => {
  const cursor = new JsonCursor(text)
  return cursor.skipValue() && cursor.isAtEnd()
}

/**
 * The members of the object that the text is: the source text of each value by its key, unescaped. Of duplicate keys the last counts.
 * Undefined when the text is not a JSON object.
 */
export const members = (text: string): ReadonlyMap<string, string> | undefined => {
  const cursor = new JsonCursor(text)
  const found = new Map<string, string>()
  if (!cursor.take(OPEN_BRACE)) return undefined
  if (!cursor.take(CLOSE_BRACE)) {
    do {
      const key = cursor.readString()
      if (key === undefined || !cursor.take(COLON)) return undefined
      const value = cursor.readRaw()
      if (value === undefined) return undefined
      found.set(key, value)
    } while (cursor.take(COMMA))
    if (!cursor.take(CLOSE_BRACE)) return undefined
  }
  return cursor.isAtEnd() ? found : undefined
}

/** The source texts of the elements of the array that the text is. Undefined when the text is not a JSON array. */
export const elements = (text: string): ReadonlyArray<string> | undefined => {
  const cursor = new JsonCursor(text)
  const found: Array<string> = []
  if (!cursor.take(OPEN_BRACKET)) return undefined
  if (!cursor.take(CLOSE_BRACKET)) {
    do {
      const value = cursor.readRaw()
      if (value === undefined) return undefined
      found.push(value)
    } while (cursor.take(COMMA))
    if (!cursor.take(CLOSE_BRACKET)) return undefined
  }
  return cursor.isAtEnd() ? found : undefined
}

/**
 * The source texts of values that stand one behind the other, with or without whitespace between them: `{…}{…}\n{…}`. None in a text that
 * is only whitespace; undefined when one of them is not JSON.
 */
export const concatenated = (text: string): ReadonlyArray<string> | undefined => {
  const cursor = new JsonCursor(text)
  const found: Array<string> = []
  while (!cursor.isAtEnd()) {
    const value = cursor.readRaw()
    if (value === undefined) return undefined
    found.push(value)
  }
  return found
}

/**
 * Valid JSON without its raw newlines (`\n` and `\r`), which stand between tokens only: one line of a protocol whose messages end with
 * one. The same object when there are none.
 */
export const compactNewlines = (raw: Uint8Array): Uint8Array => {
  if (!raw.includes(LF) && !raw.includes(CR)) return raw
  const kept = Buffer.allocUnsafe(raw.length)
  let length = 0
  for (const byte of raw) if (byte !== LF && byte !== CR) kept[length++] = byte
  return kept.subarray(0, length)
}
