/**
 * Letters between nodes: bytes of any size up to `MAX_LETTER`, as one or several messages of NATS, which takes none beyond its server's
 * `max_payload`. Each message begins with the version of this form, the sender, and which part of which of its letters it is.
 *
 * NATS keeps the order of what one sender publishes to one subject, and a node sends the parts of a letter one behind the other: so of each sender
 * at most one letter is open in the box of a subject, and whatever comes of another one says that the rest of it was lost.
 */

/** Bytes of one letter; what would be longer is refused by its sender. */
export const MAX_LETTER = 64 * 1_048_576
/** Bytes that the letters of a box may take which have not come as a whole, and their number; beyond, the oldest of them are dropped. */
const MAX_OPEN_BYTES = 128 * 1_048_576
const MAX_OPEN = 4096
/** Bytes that a part takes in memory beside its own, more or less. */
const PART_OVERHEAD = 256

const VERSION = 1
const UID_BYTES = 36
const HEADER_BYTES = 1 + UID_BYTES + 4 + 4 + 4
const MOST_LETTERS = 2 ** 32

export interface Letter {
  /** Uid of the node. */
  readonly from: string
  readonly body: Uint8Array
}

/** The messages of one letter, in their order. @param id another one for each letter of the sender */
export const partsOf = (
  from: string,
  id: number,
  body: Uint8Array,
  maxPayload: number
): ReadonlyArray<Uint8Array> => {
  const room = maxPayload - HEADER_BYTES
  const count = Math.max(1, Math.ceil(body.length / room))
  return Array.from({ length: count }, (_, index) => {
    const slice = body.subarray(index * room, (index + 1) * room)
    const part = Buffer.allocUnsafe(HEADER_BYTES + slice.length)
    part.writeUInt8(VERSION, 0)
    part.write(from, 1, UID_BYTES, "latin1")
    part.writeUInt32BE(id % MOST_LETTERS, 1 + UID_BYTES)
    part.writeUInt32BE(index, 5 + UID_BYTES)
    part.writeUInt32BE(count, 9 + UID_BYTES)
    part.set(slice, HEADER_BYTES)
    return part
  })
}

/** A letter of which parts are still to come. */
interface OpenLetter {
  readonly from: string
  readonly id: number
  readonly count: number
  readonly parts: Array<Uint8Array>
  /** Of its body. */
  bytes: number
}

const memoryOf = ({ bytes, parts }: OpenLetter): number => bytes + parts.length * PART_OVERHEAD

/**
 * Puts the letters together that come on one subject. What cannot be read, and a letter of which a part does not come, is dropped and counted: the
 * latter when its sender has sent another one or is gone.
 */
export class LetterBox {
  /** Messages that were no part of a letter, and letters that were not finished, since start. */
  unreadable = 0
  /** By the sender, oldest first. */
  readonly #open = new Map<string, OpenLetter>()
  #memory = 0

  constructor(
    readonly maxOpenBytes = MAX_OPEN_BYTES,
    readonly maxOpen = MAX_OPEN
  ) {}

  /** The letter, where this is its last part. */
  take(message: Uint8Array): Letter | undefined {
    const part = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    if (part.length < HEADER_BYTES || part[0] !== VERSION) return this.#unreadable()
    const from = part.toString("latin1", 1, 1 + UID_BYTES)
    const id = part.readUInt32BE(1 + UID_BYTES)
    const index = part.readUInt32BE(5 + UID_BYTES)
    const count = part.readUInt32BE(9 + UID_BYTES)
    const slice = part.subarray(HEADER_BYTES)
    if (index >= count || (count > 1 && slice.length === 0)) return this.#unreadable()
    if (index === 0) this.forget(from)
    if (count === 1) return { from, body: slice }
    return this.#add(index === 0 ? this.#begin(from, id, count) : this.#open.get(from), id, index, slice)
  }

  /** What a node has not finished will not come: it is gone, or has begun another one. */
  forget(from: string): void {
    const open = this.#open.get(from)
    if (open !== undefined) this.#drop(open)
  }

  #begin(from: string, id: number, count: number): OpenLetter {
    const open = { from, id, count, parts: [], bytes: 0 }
    this.#open.set(from, open)
    return open
  }

  #add(open: OpenLetter | undefined, id: number, index: number, slice: Uint8Array): Letter | undefined {
    if (open === undefined) return this.#unreadable()
    if (open.id !== id || open.parts.length !== index) return this.#drop(open)
    // A copy: what the connection has read at once is kept as long as a piece of it.
    open.parts.push(new Uint8Array(slice))
    open.bytes += slice.length
    this.#memory += slice.length + PART_OVERHEAD
    if (open.bytes > MAX_LETTER) return this.#drop(open)
    if (open.parts.length === open.count) {
      this.#remove(open)
      return { from: open.from, body: Buffer.concat(open.parts) }
    }
    for (const oldest of this.#open.values()) {
      if (this.#memory <= this.maxOpenBytes && this.#open.size <= this.maxOpen) break
      this.#drop(oldest)
    }
    return undefined
  }

  #drop(open: OpenLetter): undefined {
    this.#remove(open)
    return this.#unreadable()
  }

  #remove(open: OpenLetter): void {
    this.#open.delete(open.from)
    this.#memory -= memoryOf(open)
  }

  #unreadable(): undefined {
    this.unreadable++
  }
}
