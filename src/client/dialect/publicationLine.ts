/**
 * Reads the line of a publication as servers of the client protocol write it, without parsing JSON:
 *
 *     {"push":{"channel":"news","pub":{"data":{"stamp":1763777777777,"seq":7},"offset":12}}}
 *
 * HOT PATH: once for each message of each connection. What is written in another way is for `JSON.parse`.
 */
import { STAMP_DIGITS, stampAt } from "../metrics/stamp.ts"

const ZERO = 0x30
const END = Buffer.from("}}}")
const OFFSET = Buffer.from(',"offset":')
const SEQUENCE = Buffer.from(',"seq":')

/** What a push of this kind begins with. */
const headOf = (channel: string, kind: string): Buffer =>
  Buffer.from(`{"push":{"channel":${JSON.stringify(channel)},"${kind}":{`)

/** The findings of the latest `read`: one object for all, as there are many lines and none of them is kept. */
export class PublicationLine {
  /** Where the stamp begins; -1 where the data has none. */
  stampFrom = -1
  /** The number of the client's own publication; 0 where it has none. */
  sequence = 0
  /** 0 where the line has none. */
  offset = 0
  readonly #head: Buffer
  readonly #join: Buffer
  readonly #leave: Buffer

  constructor(channel: string) {
    this.#head = Buffer.concat([headOf(channel, "pub"), Buffer.from('"data":')])
    this.#join = headOf(channel, "join")
    this.#leave = headOf(channel, "leave")
  }

  /** Whether the line tells that somebody else came or went: there are as many of them as connections, for each of them. */
  isPresence(bytes: Buffer, from: number, to: number): boolean {
    const isIt = (head: Buffer) => to - from > head.length && stands(head, bytes, from)
    return isIt(this.#join) || isIt(this.#leave)
  }

  /**
   * Whether the line, from `from` up to `to`, is a publication of the channel in the usual form.
   * @param hasOffset whether publications of the channel have offsets: data of others could look like one
   */
  read(bytes: Buffer, from: number, to: number, hasOffset: boolean): boolean {
    const dataFrom = from + this.#head.length
    if (
      to < dataFrom + END.length ||
      !stands(this.#head, bytes, from) ||
      !stands(END, bytes, to - END.length)
    )
      return false
    const dataEnd = hasOffset ? this.#readOffset(bytes, to - END.length) : to - END.length
    if (dataEnd <= dataFrom) return false
    this.stampFrom = stampAt(bytes, dataFrom, dataEnd)
    const sequenceAt = this.stampFrom + STAMP_DIGITS
    this.sequence =
      this.stampFrom >= 0 && stands(SEQUENCE, bytes, sequenceAt)
        ? numberAt(bytes, sequenceAt + SEQUENCE.length)
        : 0
    return true
  }

  /** Reads the offset that ends at `end`, and returns where it began; -1 where something else stands there. */
  #readOffset(bytes: Buffer, end: number): number {
    let at = end
    while (isDigit(bytes[at - 1])) at--
    const from = at - OFFSET.length
    if (at === end || from < 0 || !stands(OFFSET, bytes, from)) return -1
    this.offset = numberAt(bytes, at)
    return from
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= ZERO + 9

/** Exact up to 2^53, further than any offset comes. */
const numberAt = (bytes: Buffer, from: number): number => {
  let number = 0
  for (let at = from; isDigit(bytes[at]); at++) number = number * 10 + bytes[at]! - ZERO
  return number
}

/** From the end: lines that differ mostly differ there. */
const stands = (part: Buffer, bytes: Buffer, at: number): boolean => {
  for (let i = part.length - 1; i >= 0; i--) if (part[i] !== bytes[at + i]) return false
  return true
}
