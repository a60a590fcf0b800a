/**
 * Builds RFC 6455 frames; `frameParser.ts` is its counterpart and reads them.
 *
 * HOT PATH. A server frame costs one allocation and one copy of the payload, and is built once per publication,
 * not once per connection; a client frame costs the same plus one pass over the payload for the mask. Watched by
 * `npm run bench -- fanout`.
 */

/** Frame opcodes of RFC 6455 §5.2. */
export const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const
export type Opcode = (typeof Opcode)[keyof typeof Opcode]

/** Bytes that the payload of a close, ping or pong frame may have at most (§5.5). */
export const MAX_CONTROL_PAYLOAD = 125
/** Bytes that the reason of a close frame may have at most: the payload less the two bytes of the code. */
export const MAX_CLOSE_REASON = MAX_CONTROL_PAYLOAD - 2

const FIN = 0x80
const MASKED = 0x80
const MASK_BYTES = 4
const MAX_LENGTH_7 = 125
const MAX_LENGTH_16 = 0xffff

/** Bytes of an unmasked header for a payload of `length` bytes: 2, 4 or 10. */
const headerBytes = (length: number): number =>
  length <= MAX_LENGTH_7 ? 2 : length <= MAX_LENGTH_16 ? 4 : 10

/** Writes the header at `at` and returns the offset behind it. `maskBit` is 0 or MASKED. */
const writeHeader = (into: Buffer, at: number, opcode: Opcode, maskBit: number, length: number): number => {
  into[at] = FIN | opcode
  if (length <= MAX_LENGTH_7) {
    into[at + 1] = maskBit | length
    return at + 2
  }
  if (length <= MAX_LENGTH_16) {
    into[at + 1] = maskBit | 126
    into.writeUInt16BE(length, at + 2)
    return at + 4
  }
  into[at + 1] = maskBit | 127
  into.writeUInt32BE(Math.floor(length / 0x1_0000_0000), at + 2)
  into.writeUInt32BE(length >>> 0, at + 6)
  return at + 10
}

/** One unmasked frame with FIN set, as a server sends it. The payload is copied. */
export const frame = (opcode: Opcode, payload: Uint8Array): Buffer => {
  const whole = Buffer.allocUnsafe(headerBytes(payload.length) + payload.length)
  whole.set(payload, writeHeader(whole, 0, opcode, 0, payload.length))
  return whole
}

/** One unmasked text frame. The payload has to be UTF-8; it is not checked here. */
export const textFrame = (payload: Uint8Array): Buffer => frame(Opcode.text, payload)

/** One unmasked binary frame. */
export const binaryFrame = (payload: Uint8Array): Buffer => frame(Opcode.binary, payload)

/** Frames one behind the other in one buffer, so that several go out with one write. One frame is not copied. */
export const joinFrames = (frames: ReadonlyArray<Buffer>): Buffer =>
  frames.length === 1 ? frames[0]! : Buffer.concat(frames)

/**
 * One masked frame with FIN set, as a client has to send it (§5.3).
 * The four bytes of the mask are `mask[maskAt]` to `mask[maskAt + 3]`; they have to be unpredictable and used once.
 */
export const maskedFrame = (opcode: Opcode, payload: Uint8Array, mask: Uint8Array, maskAt = 0): Buffer => {
  const length = payload.length
  const whole = Buffer.allocUnsafe(headerBytes(length) + MASK_BYTES + length)
  const keyAt = writeHeader(whole, 0, opcode, MASKED, length)
  for (let i = 0; i < MASK_BYTES; i++) whole[keyAt + i] = mask[maskAt + i]!
  const dataAt = keyAt + MASK_BYTES
  for (let i = 0; i < length; i++) whole[dataAt + i] = payload[i]! ^ whole[keyAt + (i & 3)]!
  return whole
}

/**
 * Whether a close frame may carry this code: the registered codes that are not reserved for local use, and the
 * ranges of libraries and applications (§7.4).
 */
export const isCloseCode = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999)

/**
 * The payload of a close frame. A code that may not travel (1005, 1006, 1015, …) gives the empty payload, which a
 * receiver reads as "no status"; a reason over MAX_CLOSE_REASON bytes is cut between two characters.
 */
export const closePayload = (code: number, reason = ""): Buffer => {
  if (!isCloseCode(code)) return Buffer.alloc(0)
  const text = Buffer.from(reason, "utf8")
  let length = Math.min(text.length, MAX_CLOSE_REASON)
  // A byte 10xxxxxx behind the cut belongs to the character before it, which then has to go as a whole.
  if (length < text.length) while (length > 0 && (text[length]! & 0xc0) === 0x80) length--
  const payload = Buffer.allocUnsafe(2 + length)
  payload.writeUInt16BE(code, 0)
  text.copy(payload, 2, 0, length)
  return payload
}
