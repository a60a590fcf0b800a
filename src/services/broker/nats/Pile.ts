/**
 * Messages of one part of a log, as they came, in one piece of memory: a reading for many keeps a quarter of a million of them until the last is there, and
 * as objects they cost the collector more than all that is made of them later.
 */
import type { ChannelLogs } from "./ChannelLogs.ts"
import type { Stored } from "./LogPart.ts"

/** Of the first messages; it doubles from there. */
const FIRST_BYTES = 1024

export class Pile {
  #bytes = new Uint8Array(FIRST_BYTES)
  #used = 0
  readonly #seqs: Array<number> = []
  /** Where each message ends. */
  readonly #ends: Array<number> = []

  add(seq: number, data: Uint8Array): void {
    const end = this.#used + data.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(data, this.#used)
    this.#used = end
    this.#seqs.push(seq)
    this.#ends.push(end)
  }

  /** What they say. */
  read(logs: ChannelLogs): ReadonlyArray<Stored> {
    return this.#seqs.map((seq, at) =>
      logs.read(seq, this.#bytes.subarray(at === 0 ? 0 : this.#ends[at - 1]!, this.#ends[at]!))
    )
  }

  #grow(wanted: number): void {
    const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length))
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
  }
}
