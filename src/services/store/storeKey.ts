/**
 * Keys as bytes that compare as the contract of the store says, so that every implementation has the same order.
 *
 * A number is a tag and its eight bytes, most significant first, with the sign turned so that bytes compare as numbers do. A text is a tag, its
 * UTF-8 bytes and a zero byte; a zero byte in it is followed by one that no tag is as large as.
 */
import type { Key } from "./Store.ts"

/** Bytes of a key at most: a number takes 9, a text two and its UTF-8. LMDB takes 1,978. */
export const MAX_KEY_BYTES = 1900

/** A mistake of the program, and not a fault of the store. */
export class ImpossibleKey extends RangeError {}

const NUMBER = 0x10
const TEXT = 0x20
const ZERO = "\0"
const ESCAPED_ZERO = "\0\x7f"
const ESCAPE = 0x7f

/** Room for a key that is just short enough and a text that makes it too long. */
const scratch = Buffer.alloc(8 * MAX_KEY_BYTES)

const turnSign = (bytes: Uint8Array, at: number, isNegative: boolean): void => {
  if (!isNegative) bytes[at]! ^= 0x80
  else for (let index = at; index < at + 8; index++) bytes[index]! ^= 0xff
}

const writeNumber = (value: number, at: number): number => {
  if (Number.isNaN(value)) throw new ImpossibleKey("NaN has no place in the order of keys")
  scratch[at] = NUMBER
  // Minus zero is zero.
  scratch.writeDoubleBE(value + 0, at + 1)
  turnSign(scratch, at + 1, value < 0)
  return at + 9
}

const writeText = (text: string, at: number): number => {
  if (text.length > MAX_KEY_BYTES) throw tooLong()
  scratch[at] = TEXT
  const escaped = text.includes(ZERO) ? text.replaceAll(ZERO, ESCAPED_ZERO) : text
  const end = at + 1 + scratch.write(escaped, at + 1, "utf8")
  scratch[end] = 0
  return end + 1
}

const tooLong = () => new ImpossibleKey(`a key of the store has at most ${MAX_KEY_BYTES} bytes`)

/** Writes the parts to the scratch bytes; where they end. A key that cannot be is a mistake of the program: it throws an ImpossibleKey. */
const write = (key: Key, least: number): number => {
  if (key.length < least) throw new ImpossibleKey("a key of the store has at least one part")
  let end = 0
  for (const part of key) {
    end = typeof part === "number" ? writeNumber(part, end) : writeText(part, end)
    if (end > MAX_KEY_BYTES) throw tooLong()
  }
  return end
}

/** Bytes of a text of the key in UTF-8, for each of its characters, at most; as many as an escaped zero. */
const CHARACTER_BYTES = 3

/** Bytes that it takes at most; NaN where one of its numbers is. */
const mostBytes = (key: Key): number => {
  let bytes = 0
  for (const part of key) bytes += typeof part === "number" ? 9 + 0 * part : 2 + CHARACTER_BYTES * part.length
  return bytes
}

/** Bytes of the key, or somewhat more. @throws ImpossibleKey */
export const keySize = (key: Key): number => {
  const most = mostBytes(key)
  // Most keys are short: there is no need to write them to see that they can be.
  return most > 0 && most <= MAX_KEY_BYTES ? most : write(key, 1)
}

/** The bytes as a text with one character a byte, which JavaScript compares as bytes. */
export const keyToText = (key: Key): string => scratch.toString("latin1", 0, write(key, 1))

/** The end of a range, which may be before all keys. */
export const boundToText = (key: Key): string => scratch.toString("latin1", 0, write(key, 0))

/** No part begins with so little: the beginning, where a key must have a byte at least. */
const BEFORE_ALL = 1

/** Writes a key, or the end of a range, at a place of a buffer; where it ends. @throws RangeError where the buffer is too short */
export const writeKey = (key: Key, target: Buffer, start: number): number => {
  const size = write(key, 0)
  const end = start + Math.max(1, size)
  if (end > target.length) throw new RangeError("no room for a key")
  if (size === 0) target[start] = BEFORE_ALL
  else scratch.copy(target, start, 0, size)
  return end
}

const textEnd = (bytes: Buffer, from: number, end: number): number => {
  let zero = bytes.indexOf(0, from)
  while (zero + 1 < end && bytes[zero + 1] === ESCAPE) zero = bytes.indexOf(0, zero + 2)
  return zero
}

const word = Buffer.alloc(8)

const readNumber = (bytes: Buffer, at: number): number => {
  bytes.copy(word, 0, at, at + 8)
  turnSign(word, 0, word[0]! < 0x80)
  return word.readDoubleBE()
}

export const readKey = (bytes: Buffer, start: number, end: number): Key => {
  const key: Array<string | number> = []
  for (let at = start; at < end; ) {
    if (bytes[at] === NUMBER) {
      key.push(readNumber(bytes, at + 1))
      at += 9
    } else {
      const zero = textEnd(bytes, at + 1, end)
      const text = bytes.toString("utf8", at + 1, zero)
      key.push(text.includes(ZERO) ? text.replaceAll(ESCAPED_ZERO, ZERO) : text)
      at = zero + 1
    }
  }
  return key
}

export const keyFromText = (text: string): Key => readKey(Buffer.from(text, "latin1"), 0, text.length)
