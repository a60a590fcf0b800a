/**
 * Deltas between publications in the format of Fossil (fossil-scm.org, "Fossil Delta Format"): the length of the result, then commands that
 * copy from the previous data (`count@offset,`) or insert bytes (`count:bytes`), then a checksum (`sum;`). Numbers are in a base-64 of their own.
 *
 * HOT PATH of channels with deltas: once for a publication, whatever the number of subscribers. Time is linear in the lengths.
 */

/** Longer data goes out in full: a delta of it would hold up the event loop, and the format's readers count in 31 bits. */
export const MAX_DELTA_SOURCE = 1024 * 1024

/** Bytes of a block of the previous data that is looked for. Whatever has twice as many bytes in common is found, wherever it moved. */
const BLOCK = 16
/** Blocks with the same hash that are tried at one place: bounds the time for data that repeats itself. */
const MAX_TRIES = 8

const DIGITS = Buffer.from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~", "latin1")
const LF = 0x0a
const COMMA = 0x2c
const COLON = 0x3a
const SEMICOLON = 0x3b
const AT = 0x40

/** The multiplier of FNV-1a, and what it has become for the oldest byte of a block. */
const MULTIPLIER = 0x01000193
const OLDEST = Array.from({ length: BLOCK }).reduce<number>((power) => Math.imul(power, MULTIPLIER), 1)
/** 2^32 divided by the golden ratio: spreads a hash over its high bits (Knuth). */
const GOLDEN = 0x9e3779b1

/**
 * The patch that makes `data` of `previous`, or undefined where it would not be smaller than `data`. No UTF-8 character of `data` is cut, so
 * that the patch is valid UTF-8 where `data` is.
 */
export const deltaOf = (previous: Uint8Array, data: Uint8Array): Uint8Array | undefined => {
  if (previous.length > MAX_DELTA_SOURCE || data.length > MAX_DELTA_SOURCE) return undefined
  const patch = new Patch(data)
  const shorter = Math.min(previous.length, data.length)
  const start = characterBefore(data, commonStart(previous, data, shorter))
  if (isWorthCopying(start, 0, 0)) patch.copy(0, 0, start)
  const common = commonEnd(previous, data, shorter - patch.done)
  const stop = characterBehind(data, data.length - common)
  copyMiddle(patch, previous, data, stop)
  const count = data.length - stop
  if (isWorthCopying(count, previous.length - count, stop - patch.done))
    patch.copy(previous.length - count, stop, count)
  return patch.end()
}

/** A patch as it grows, as long as it is smaller than the data that it is for. */
class Patch {
  /** Bytes of the data that the commands so far make. */
  done = 0
  readonly #data: Uint8Array
  readonly #bytes: Uint8Array
  #length = 0
  #isTooLong = false

  constructor(data: Uint8Array) {
    this.#data = data
    this.#bytes = new Uint8Array(Math.max(0, data.length - 1))
    this.#number(data.length, LF)
  }

  get isTooLong(): boolean {
    return this.#isTooLong
  }

  /** Inserts what lies before `at`, then copies `count` bytes of the previous data. */
  copy(from: number, at: number, count: number): void {
    this.#insert(at)
    this.#number(count, AT)
    this.#number(from, COMMA)
    this.done = at + count
  }

  /** Inserts the rest. The bytes, or undefined where they would not be fewer than the data's. */
  end(): Uint8Array | undefined {
    this.#insert(this.#data.length)
    if (!this.#isTooLong) this.#number(checksum(this.#data), SEMICOLON)
    return this.#isTooLong ? undefined : this.#bytes.slice(0, this.#length)
  }

  #insert(until: number): void {
    const count = until - this.done
    if (count === 0) return
    this.#number(count, COLON)
    if (!this.#hasRoom(count)) return
    this.#bytes.set(this.#data.subarray(this.done, until), this.#length)
    this.#length += count
    this.done = until
  }

  #number(value: number, command: number): void {
    const count = digits(value)
    if (!this.#hasRoom(count + 1)) return
    let left = value
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      this.#bytes[at] = DIGITS[left & 63]!
      left >>>= 6
    }
    this.#length += count
    this.#bytes[this.#length++] = command
  }

  #hasRoom(count: number): boolean {
    if (this.#length + count > this.#bytes.length) this.#isTooLong = true
    return !this.#isTooLong
  }
}

/** Copies what the data between `patch.done` and `stop` has in common with the previous data. */
const copyMiddle = (patch: Patch, previous: Uint8Array, data: Uint8Array, stop: number): void => {
  if (previous.length < BLOCK || stop - patch.done < BLOCK) return
  const blocks = new Blocks(previous)
  const match = new Match(previous, data, stop)
  let at = patch.done
  let hash = hashAt(data, at)
  /** From a place in the data to where it was before, as the last copy had it. */
  let shift = 0
  for (;;) {
    match.begin(patch.done, at)
    if (previous[at + shift] === data[at]) match.tryAt(at + shift, BLOCK)
    let tries = MAX_TRIES
    for (let block = blocks.first(hash); block >= 0 && tries > 0; block = blocks.next(block), tries--)
      match.tryAt(block * BLOCK, 0)
    if (match.count > 0) {
      patch.copy(match.from, match.at, match.count)
      shift = match.from - match.at
      at = patch.done
      if (stop - at < BLOCK || patch.isTooLong) return
      hash = hashAt(data, at)
    } else {
      if (at + BLOCK >= stop) return
      hash = (Math.imul(hash, MULTIPLIER) + data[at + BLOCK]! - Math.imul(data[at]!, OLDEST)) | 0
      at++
    }
  }
}

/** The blocks of the previous data by their hash, those in front first. */
class Blocks {
  readonly #firsts: Int32Array
  readonly #nexts: Int32Array
  readonly #unused: number

  constructor(previous: Uint8Array) {
    const count = Math.floor(previous.length / BLOCK)
    this.#unused = Math.clz32(count)
    this.#firsts = new Int32Array(2 ** (32 - this.#unused)).fill(-1)
    this.#nexts = new Int32Array(count)
    for (let block = count - 1; block >= 0; block--) {
      const place = Math.imul(hashAt(previous, block * BLOCK), GOLDEN) >>> this.#unused
      this.#nexts[block] = this.#firsts[place]!
      this.#firsts[place] = block
    }
  }

  /** -1: none. */
  first(hash: number): number {
    return this.#firsts[Math.imul(hash, GOLDEN) >>> this.#unused]!
  }

  next(block: number): number {
    return this.#nexts[block]!
  }
}

/** The longest run of bytes around one place that the previous data has, too, among those that were tried. */
class Match {
  /** 0: nothing that is worth copying. */
  count = 0
  /** Where it begins in the data, and in the previous data. */
  at = 0
  from = 0
  #floor = 0
  #place = 0

  constructor(
    readonly previous: Uint8Array,
    readonly data: Uint8Array,
    /** Not beyond it. */
    readonly stop: number
  ) {}

  /** @param floor not before it */
  begin(floor: number, place: number): void {
    this.count = 0
    this.#floor = floor
    this.#place = place
  }

  /** Aligns `from` in the previous data with the place; it counts if at least so many bytes are the same. */
  tryAt(from: number, atLeast: number): void {
    const { previous, data, stop } = this
    const floor = this.#floor
    const shift = from - this.#place
    let end = this.#place
    while (end < stop && end + shift < previous.length && data[end] === previous[end + shift]) end++
    let begin = this.#place
    while (begin > floor && begin + shift > 0 && data[begin - 1] === previous[begin - 1 + shift]) begin--
    begin = characterBehind(data, begin)
    end = characterBefore(data, end)
    const count = end - begin
    if (count <= this.count || count < atLeast || !isWorthCopying(count, begin + shift, begin - floor)) return
    this.count = count
    this.at = begin
    this.from = begin + shift
  }
}

/** Whether a command that copies is shorter than the bytes; it may take another one to insert the `before` bytes before them. */
const isWorthCopying = (count: number, from: number, before: number): boolean =>
  count > digits(count) + digits(from) + digits(before) + 3

const digits = (value: number): number => (value < 64 ? 1 : Math.ceil((32 - Math.clz32(value)) / 6))

const hashAt = (bytes: Uint8Array, at: number): number => {
  let hash = 0
  for (let index = at; index < at + BLOCK; index++) hash = (Math.imul(hash, MULTIPLIER) + bytes[index]!) | 0
  return hash
}

/** The sum of the bytes as big-endian numbers of 32 bits. */
const checksum = (bytes: Uint8Array): number => {
  let sum = 0
  for (let at = 0; at < bytes.length; at++) sum = (sum + (bytes[at]! << (24 - 8 * (at & 3)))) | 0
  return sum >>> 0
}

const commonStart = (previous: Uint8Array, data: Uint8Array, most: number): number => {
  let count = 0
  while (count < most && previous[count] === data[count]) count++
  return count
}

const commonEnd = (previous: Uint8Array, data: Uint8Array, most: number): number => {
  let count = 0
  while (count < most && previous[previous.length - 1 - count] === data[data.length - 1 - count]) count++
  return count
}

/** Bytes of the longest UTF-8 character: what goes on inside of one for longer is not UTF-8, and may be cut anywhere. */
const LONGEST_CHARACTER = 4

/** Whether this is a UTF-8 character's second or later byte. */
const isInside = (bytes: Uint8Array, at: number): boolean => (bytes[at]! & 0xc0) === 0x80

/** The beginning of the character that this byte is of. */
const characterBefore = (bytes: Uint8Array, at: number): number => {
  for (let start = at; start > at - LONGEST_CHARACTER; start--) if (!isInside(bytes, start)) return start
  return at
}

/** The end of the character that begins before this byte. */
const characterBehind = (bytes: Uint8Array, at: number): number => {
  for (let end = at; end < at + LONGEST_CHARACTER; end++) if (!isInside(bytes, end)) return end
  return at
}
