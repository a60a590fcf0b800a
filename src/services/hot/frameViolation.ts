/**
 * What a peer can do wrong on the wire, as values: the close code to answer with and a sentence for the log.
 * `frameParser.ts` returns them; nothing here is thrown.
 */

/** 1002: not the protocol. 1007: text that is not UTF-8. 1009: more than the receiver takes. */
export interface FrameViolation {
  readonly closeCode: 1002 | 1007 | 1009
  readonly message: string
}

const protocol = (message: string): FrameViolation => Object.freeze({ closeCode: 1002, message })
const notUtf8 = (message: string): FrameViolation => Object.freeze({ closeCode: 1007, message })

/** The violations that need no figures; one frozen value each, so that naming one allocates nothing. */
export const violations = {
  masked: protocol("a frame from a server must not be masked"),
  reservedBits: protocol("reserved bits are set but no extension was agreed"),
  unknownOpcode: protocol("the opcode is not one of RFC 6455"),
  fragmentedControl: protocol("a control frame must not be fragmented"),
  longControl: protocol("a control frame must not carry more than 125 bytes"),
  longForm: protocol("the payload length is not in its shortest form"),
  negativeLength: protocol("the highest bit of a 64-bit payload length must be 0"),
  continuationWithoutStart: protocol("a continuation frame without a message to continue"),
  dataInsideMessage: protocol("a new message started before the fragmented one was finished"),
  closeOfOneByte: protocol("a close frame with a payload of one byte"),
  closeCode: protocol("a close frame with a code that must not be sent"),
  textNotUtf8: notUtf8("a text message is not valid UTF-8"),
  reasonNotUtf8: notUtf8("the reason of a close frame is not valid UTF-8")
} as const

/** A message of at least `bytes` bytes where `limit` is the most. */
export const tooLong = (bytes: number, limit: number): FrameViolation => ({
  closeCode: 1009,
  message: `a message of ${bytes} bytes is over the limit of ${limit} bytes`
})
