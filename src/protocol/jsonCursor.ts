/**
 * A strict scanner over JSON text. It accepts exactly what `JSON.parse` accepts, without recursion: nesting is
 * bounded by the length of the text only.
 *
 * HOT PATH of commands and of the server API: no allocation but for nesting, one pass over each character.
 */

/** What `next` answers at the end of the text. */
export const END = -1

const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
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

/**
 * V8 copies slices that are shorter, and longer ones refer to the text that they were taken from
 * (`SlicedString::kMinLength`).
 */
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

/**
 * A place in a JSON text that moves on. What returns false or undefined has found something that is not JSON; the
 * cursor is useless then.
 */
export class JsonCursor {
  readonly text: string
  at = 0
  /** Where the raw newline stood that was passed last, or -1. They stand between tokens only. */
  lastNewline = -1
  /** Where the key that was passed last stands, without its quotes, and whether there are escapes in it. */
  keyStart = 0
  keyEnd = 0
  isKeyEscaped = false
  private hadEscape = false

  constructor(text: string) {
    this.text = text
  }

  /** Passes whitespace. The code of the character that is there, `END` at the end. */
  next(): number {
    const { text, at } = this
    if (at < text.length) {
      const code = text.charCodeAt(at)
      if (code > SPACE) return code
    }
    return this.behindSpace()
  }

  private behindSpace(): number {
    const { text } = this
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at)
      if (code === LF || code === CR) this.lastNewline = this.at
      else if (code !== SPACE && code !== TAB) return code
    }
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

  /** Passes a member's key and the colon behind it, and keeps where the key stands. */
  skipKey(): boolean {
    if (this.next() !== QUOTE) return false
    this.keyStart = this.at + 1
    if (!this.skipString()) return false
    this.keyEnd = this.at - 1
    this.isKeyEscaped = this.hadEscape
    return this.take(COLON)
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
    const code = this.codeAt(at)
    if (isShortEscape(code)) return at + 1
    if (code !== LOWER_U) return -1
    for (let digit = at + 1; digit <= at + 4; digit++) if (!isHexDigit(this.codeAt(digit))) return -1
    return at + 5
  }

  private skipNumber(): boolean {
    if (this.codeAt(this.at) === MINUS) this.at++
    if (this.codeAt(this.at) === DIGIT_0) this.at++
    else if (!this.skipDigits()) return false
    if (this.codeAt(this.at) === DOT) {
      this.at++
      if (!this.skipDigits()) return false
    }
    const exponent = this.codeAt(this.at)
    if (exponent !== LOWER_E && exponent !== UPPER_E) return true
    this.at++
    const sign = this.codeAt(this.at)
    if (sign === PLUS || sign === MINUS) this.at++
    return this.skipDigits()
  }

  /** Passes one digit or more. */
  private skipDigits(): boolean {
    const start = this.at
    while (isDigit(this.codeAt(this.at))) this.at++
    return this.at > start
  }

  /** Out of bounds `charCodeAt` answers NaN, and V8 stops inlining it where it ever did. */
  private codeAt(at: number): number {
    return at < this.text.length ? this.text.charCodeAt(at) : END
  }

  /** The key that was passed last. */
  key(): string {
    return this.characters(this.keyStart, this.keyEnd, this.isKeyEscaped)
  }

  /** Reads a string's characters. */
  readString(): string | undefined {
    if (this.next() !== QUOTE) return undefined
    const start = this.at + 1
    return this.skipString() ? this.characters(start, this.at - 1, this.hadEscape) : undefined
  }

  /**
   * A string of its own: a longer slice would keep the whole text in memory as long as it lives itself, as a
   * channel's name does.
   */
  private characters(start: number, end: number, isEscaped: boolean): string {
    const { text } = this
    return isEscaped || end - start >= SLICED_LENGTH
      ? (JSON.parse(text.slice(start - 1, end + 1)) as string)
      : text.slice(start, end)
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
    if (!this.skipDigits()) return undefined
    const hasLeadingZero = this.at - start > 1 && this.codeAt(start) === DIGIT_0
    let value = 0
    for (let at = start; at < this.at; at++) value = value * 10 + (this.codeAt(at) - DIGIT_0)
    // 0 - value: -0 is 0.
    if (isNegative) value = 0 - value
    return hasLeadingZero || value < min || value > max ? undefined : value
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
