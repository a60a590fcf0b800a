/** HOT PATH. Bytes that wait for a slow stream, in order: pieces as they came, taken in pieces of any size. */
export class ByteQueue {
  readonly #pieces: Array<Uint8Array> = []
  /** The first piece that is still here; those before it are gone. */
  #next = 0
  /** Bytes that wait. */
  length = 0

  push(data: Uint8Array): void {
    if (data.length === 0) return
    this.#pieces.push(data)
    this.length += data.length
  }

  /** Takes up to `max` bytes of the first piece; only when there are any. A view of what was put in. */
  take(max: number): Uint8Array {
    const piece = this.#pieces[this.#next]!
    if (piece.length > max) {
      this.#pieces[this.#next] = piece.subarray(max)
      this.length -= max
      return piece.subarray(0, max)
    }
    this.#forget()
    this.length -= piece.length
    return piece
  }

  /** Goes on to the next piece. The room of those that are gone is given back when they are as many as those that wait. */
  #forget(): void {
    this.#next++
    if (this.#next * 2 < this.#pieces.length) return
    this.#pieces.splice(0, this.#next)
    this.#next = 0
  }
}
