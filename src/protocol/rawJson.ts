/**
 * JSON that is looked at, not parsed: the source text of each value, so that payloads pass through byte for byte.
 * Parsing and printing would lose big integers, move integer-like keys and rewrite escapes.
 */
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  CR,
  JsonCursor,
  LF,
  OPEN_BRACE,
  OPEN_BRACKET
} from "./jsonCursor.ts"

/** Whether the text is one JSON value: what `JSON.parse` would accept. */
export const isJsonText = (text: string): boolean => {
  const cursor = new JsonCursor(text)
  return cursor.skipValue() && cursor.isAtEnd()
}

/**
 * The members of the object that the text is: the source text of each value by its key, unescaped. Of duplicate
 * keys the last counts. Undefined when the text is not a JSON object.
 */
export const members = (text: string): ReadonlyMap<string, string> | undefined => {
  const cursor = new JsonCursor(text)
  const found = new Map<string, string>()
  if (!cursor.take(OPEN_BRACE)) return undefined
  if (!cursor.take(CLOSE_BRACE)) {
    do {
      if (!cursor.skipKey()) return undefined
      const key = cursor.key()
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
 * The source texts of values that stand one behind the other, with or without whitespace between them:
 * `{…}{…}\n{…}`. None in a text that is only whitespace; undefined when one of them is not JSON.
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
 * Valid JSON without its raw newlines (`\n` and `\r`), which stand between tokens only: one line of a protocol
 * whose messages end with one. The same object when there are none.
 */
export const compactNewlines = (raw: Uint8Array): Uint8Array => {
  if (!raw.includes(LF) && !raw.includes(CR)) return raw
  const kept = Buffer.allocUnsafe(raw.length)
  let length = 0
  for (const byte of raw) if (byte !== LF && byte !== CR) kept[length++] = byte
  return kept.subarray(0, length)
}
