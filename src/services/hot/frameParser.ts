/**
 * Reads the frames that a server sends (RFC 6455 §5): unmasked, no extension. One parser per connection.
 *
 * HOT PATH. A frame that lies whole in the chunk is handed over as a view of the chunk: no copy, one small view
 * object, and for text up to SHORT_TEXT ASCII bytes one pass over the payload. Bytes are copied only when a frame is
 * cut by the end of a chunk or a message comes in fragments; while neither is the case a parser holds five fields
 * and no buffer. What the peer did wrong is returned, never thrown. Watched by `npm run bench -- fanout`.
 */
import { isUtf8 } from "node:buffer"
import { isCloseCode, MAX_CONTROL_PAYLOAD, Opcode } from "./frames.ts"
import { type FrameViolation, tooLong, violations } from "./frameViolation.ts"
import { GrowingBytes } from "./growingBytes.ts"

/**
 * Where messages go: one object for all connections of an owner, told by `context` which one it is.
 * A payload is a view that is valid only during the call: copy what is to be kept.
 */
export interface FrameHandler<C> {
  /** Bytes that one message may have at most, over all its fragments. */
  readonly maxPayload: number
  /** A whole text message; checked to be UTF-8. */
  onText(context: C, payload: Buffer): void
  onBinary(context: C, payload: Buffer): void
  onPing(context: C, payload: Buffer): void
  onPong(context: C, payload: Buffer): void
  /** The peer's close frame; 1005 where it carried no code. The parser has stopped: nothing may follow it. */
  onCloseFrame(context: C, code: number, reason: string): void
}

/** Up to this many bytes a loop that looks for a byte over 0x7f is cheaper than the call into `isUtf8`. */
const SHORT_TEXT = 64
const NO_CODE = 1005
const FIN = 0x80
const RESERVED = 0x70
const MASKED = 0x80

export class FrameParser {
  /** The bytes of a frame that is not whole yet, and how many it must have before it is looked at again. */
  private partial: GrowingBytes | null = null
  private wanted = 0
  /** The fragments of a message that is not whole yet. */
  private message: GrowingBytes | null = null
  private messageIsText = false
  private stopped = false

  /** Ignores whatever comes from now on, including the rest of the chunk being read. */
  stop(): void {
    this.stopped = true
    this.partial = null
    this.message = null
  }

  /**
   * Reads `chunk[start]` up to but without `chunk[end]` and calls the handler for each message and control frame.
   * Returns what the peer did wrong, after which the parser has stopped.
   */
  push<C>(
    chunk: Buffer,
    start: number,
    end: number,
    handler: FrameHandler<C>,
    context: C
  ): FrameViolation | undefined {
    let at = start
    while (at < end && !this.stopped) {
      let violation: FrameViolation | undefined
      if (this.partial !== null) {
        const taken = Math.min(this.wanted - this.partial.length, end - at)
        this.partial.append(chunk, at, at + taken)
        at += taken
        violation = this.resume(this.partial, handler, context)
      } else {
        const size = frameBytes(chunk, at, end)
        if (at + size <= end) {
          violation =
            this.check(chunk, at, end, handler.maxPayload) ?? this.take(chunk, at, size, handler, context)
        } else {
          violation = this.keep(chunk, at, end, size, handler.maxPayload)
        }
        at += size
      }
      if (violation !== undefined) {
        this.stop()
        return violation
      }
    }
    return undefined
  }

  /** Starts a partial frame with what the chunk still has of it. */
  private keep(
    chunk: Buffer,
    at: number,
    end: number,
    size: number,
    maxPayload: number
  ): FrameViolation | undefined {
    this.partial = new GrowingBytes()
    this.partial.append(chunk, at, end)
    this.wanted = size
    return this.check(chunk, at, end, maxPayload)
  }

  /** Looks at a partial frame again: more of its header may be known now, or all of it may be here. */
  private resume<C>(partial: GrowingBytes, handler: FrameHandler<C>, context: C): FrameViolation | undefined {
    if (partial.length < this.wanted) return undefined
    const bytes = partial.view()
    const violation = this.check(bytes, 0, bytes.length, handler.maxPayload)
    if (violation !== undefined) return violation
    const size = frameBytes(bytes, 0, bytes.length)
    if (size > bytes.length) {
      this.wanted = size
      return undefined
    }
    this.partial = null
    return this.take(bytes, 0, size, handler, context)
  }

  /**
   * Checks as much of a frame's header as is here, so that a wrong or oversized frame is refused before its payload
   * arrives.
   */
  private check(bytes: Buffer, at: number, end: number, maxPayload: number): FrameViolation | undefined {
    if (end - at < 2) return undefined
    const first = bytes[at]!
    const second = bytes[at + 1]!
    const opcode = first & 0x0f
    if ((second & MASKED) !== 0) return violations.masked
    if ((first & RESERVED) !== 0) return violations.reservedBits
    if (opcode > Opcode.pong || (opcode > Opcode.binary && opcode < Opcode.close))
      return violations.unknownOpcode
    if (opcode >= Opcode.close) {
      if ((first & FIN) === 0) return violations.fragmentedControl
      return second > MAX_CONTROL_PAYLOAD ? violations.longControl : undefined
    }
    if (opcode === Opcode.continuation) {
      if (this.message === null) return violations.continuationWithoutStart
    } else if (this.message !== null) return violations.dataInsideMessage
    const header = headerBytes(second)
    if (end - at < header) return undefined
    const length = payloadBytes(bytes, at, second)
    if (header === 4 && length < 126) return violations.longForm
    if (header === 10) {
      if (bytes[at + 2]! > 0x7f) return violations.negativeLength
      if (length < 0x1_0000) return violations.longForm
    }
    const whole = length + (this.message === null ? 0 : this.message.length)
    return whole > maxPayload ? tooLong(whole, maxPayload) : undefined
  }

  /** Takes one whole, checked frame. */
  private take<C>(
    bytes: Buffer,
    at: number,
    size: number,
    handler: FrameHandler<C>,
    context: C
  ): FrameViolation | undefined {
    const first = bytes[at]!
    const from = at + headerBytes(bytes[at + 1]!)
    const to = at + size
    const opcode = first & 0x0f
    if (opcode >= Opcode.close) return this.takeControl(opcode, bytes.subarray(from, to), handler, context)
    if (this.message === null) {
      const isText = opcode === Opcode.text
      if ((first & FIN) !== 0) return deliver(isText, bytes.subarray(from, to), handler, context)
      this.message = new GrowingBytes()
      this.messageIsText = isText
    }
    this.message.append(bytes, from, to)
    if ((first & FIN) === 0) return undefined
    const whole = this.message.view()
    this.message = null
    return deliver(this.messageIsText, whole, handler, context)
  }

  private takeControl<C>(
    opcode: number,
    payload: Buffer,
    handler: FrameHandler<C>,
    context: C
  ): FrameViolation | undefined {
    if (opcode === Opcode.ping) handler.onPing(context, payload)
    else if (opcode === Opcode.pong) handler.onPong(context, payload)
    else {
      const violation = closeViolation(payload)
      if (violation !== undefined) return violation
      this.stop()
      if (payload.length === 0) handler.onCloseFrame(context, NO_CODE, "")
      else handler.onCloseFrame(context, payload.readUInt16BE(0), payload.toString("utf8", 2))
    }
    return undefined
  }
}

/** Bytes of a header whose second byte is `second`. */
const headerBytes = (second: number): number => {
  const length = second & 0x7f
  return length < 126 ? 2 : length === 126 ? 4 : 10
}

/** The payload length of a header that is all here. Over 2^53 it is rounded, which is far over any limit. */
const payloadBytes = (bytes: Buffer, at: number, second: number): number => {
  const length = second & 0x7f
  if (length < 126) return length
  if (length === 126) return bytes.readUInt16BE(at + 2)
  return bytes.readUInt32BE(at + 2) * 0x1_0000_0000 + bytes.readUInt32BE(at + 6)
}

/** Bytes the frame at `at` must have before more can be said: all of it once its header is here. */
const frameBytes = (bytes: Buffer, at: number, end: number): number => {
  if (end - at < 2) return 2
  const second = bytes[at + 1]!
  const header = headerBytes(second)
  return end - at < header ? header : header + payloadBytes(bytes, at, second)
}

const deliver = <C>(
  isText: boolean,
  payload: Buffer,
  handler: FrameHandler<C>,
  context: C
): FrameViolation | undefined => {
  if (!isText) handler.onBinary(context, payload)
  else if (isAsciiOrUtf8(payload)) handler.onText(context, payload)
  else return violations.textNotUtf8
  return undefined
}

const isAsciiOrUtf8 = (payload: Buffer): boolean => {
  if (payload.length > SHORT_TEXT) return isUtf8(payload)
  for (let i = 0; i < payload.length; i++) if (payload[i]! > 0x7f) return isUtf8(payload)
  return true
}

const closeViolation = (payload: Buffer): FrameViolation | undefined => {
  if (payload.length === 0) return undefined
  if (payload.length === 1) return violations.closeOfOneByte
  if (!isCloseCode(payload.readUInt16BE(0))) return violations.closeCode
  return isUtf8(payload.subarray(2)) ? undefined : violations.reasonNotUtf8
}
