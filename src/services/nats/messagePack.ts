/**
 * MessagePack that anybody at NATS may have sent. It is looked through before the library reads it, which makes an array as long as its header says
 * before it has seen an element: so some hundred bytes could claim all memory of the process.
 */
import type { Packr } from "msgpackr"

/** Arrays and maps in each other; what nodes send has fewer. */
const MAX_DEPTH = 32

const NONE = -1

/** By the tokens from 0xc0 to 0xdf: bytes that follow a value without a length of its own. */
// biome-ignore format: a row for each eight tokens
const FIXED = Int8Array.of(
  0, NONE, 0, 0, NONE, NONE, NONE, NONE,
  NONE, NONE, 4, 8, 1, 2, 4, 8,
  1, 2, 4, 8, 2, NONE, NONE, NONE,
  NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE
)
/** The same tokens: bytes of the length, of those that have one. Extensions have none: the library gives them a meaning of its own. */
// biome-ignore format: a row for each eight tokens
const LENGTHS = Int8Array.of(
  NONE, NONE, NONE, NONE, 1, 2, 4, NONE,
  NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
  NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
  NONE, 1, 2, 4, 2, 4, 2, 4
)
const ARRAY_16 = 0xdc
const MAP_16 = 0xde
const UNDEFINED = 0xd4

/** Values that each open array or map still owes; used by one call at a time. */
const owedAt = new Uint32Array(MAX_DEPTH + 1)

const lengthAt = (bytes: Uint8Array, at: number, size: number): number => {
  let length = 0
  for (let index = 0; index < size; index++) length = length * 256 + bytes[at + index]!
  return length
}

/**
 * True: the lengths in it are true, no more values are claimed than there are bytes, they stand at most 32 deep, and the only extension in it is
 * how the library writes `undefined`. Costs some nanoseconds for each value, whatever is claimed.
 */
export const isMessagePack = (bytes: Uint8Array): boolean => {
  const end = bytes.length
  let at = 0
  let depth = 0
  let owed = 1
  owedAt[0] = 1
  while (owed > 0) {
    while (owedAt[depth] === 0) depth--
    if (owed > end - at) return false
    owedAt[depth]!--
    owed--
    const token = bytes[at++]!
    let values = 0
    if (token >= 0x80 && token < 0xa0) values = token < 0x90 ? 2 * (token - 0x80) : token - 0x90
    else if (token >= 0xa0 && token < 0xc0) at += token - 0xa0
    else if (token >= 0xc0 && token < 0xe0) {
      const fixed = FIXED[token - 0xc0]!
      const size = LENGTHS[token - 0xc0]!
      if (fixed !== NONE) {
        if (token === UNDEFINED && bytes[at] !== 0) return false
        at += fixed
      } else {
        if (size === NONE || at + size > end) return false
        const length = lengthAt(bytes, at, size)
        at += size
        if (token < ARRAY_16) at += length
        else values = token < MAP_16 ? length : 2 * length
      }
    }
    if (values > 0) {
      if (++depth > MAX_DEPTH || values > end - at) return false
      owedAt[depth] = values
      owed += values
    }
  }
  return at === end
}

/** Undefined where it is not one plain value. */
export const unpackChecked = (packr: Packr, bytes: Uint8Array): unknown => {
  if (!isMessagePack(bytes)) return undefined
  try {
    return packr.unpack(bytes)
  } catch {
    // Keys of a map that are no texts.
    return undefined
  }
}
