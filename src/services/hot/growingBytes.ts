/**
 * A buffer that grows to what was put in: what a reader keeps of a frame, a message or a head that came in pieces.
 * It doubles, so that a peer that announces much and sends little costs what it sent, and the caller checks its own
 * limit before it appends.
 */

const FIRST_BYTES = 64

export class GrowingBytes {
  private bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  /** Bytes put in so far. */
  length = 0

  /** Copies `from[start]` up to but without `from[end]` to the end. */
  append(from: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start
    if (length > this.bytes.length) this.grow(length)
    // A subarray is dearer than a loop for the few bytes that most pieces have.
    if (end - start <= 16) for (let i = start, at = this.length; i < end; i++) this.bytes[at++] = from[i]!
    else this.bytes.set(from.subarray(start, end), this.length)
    this.length = length
  }

  /** What is in it: a view, valid until the next append. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  private grow(atLeast: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(atLeast, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
  }
}
