/**
 * HOT PATH. One drain of a shard's mailbox: a batch of publications, sent to all connections of the shard in slices.
 *
 * Slices are small because the loop has other work: pings, accepts, the API. A prototype that sent to 15,000 connections at once
 * delayed the loop by 16 ms at the 99th percentile, in slices of 128 by 2 ms. They cost or save no CPU that stands out of the noise.
 */
import type { Connection } from "./Connection.ts"
import { type FanOut, type PreparedBatch, Tally } from "./FanOut.ts"
import type { Publication } from "./Publication.ts"
import type { Job } from "./Slicer.ts"
import type { SlotList } from "./SlotList.ts"

/** Bounds of one slice; the least of them decides, but at least one connection is served. */
const SLICE_CONNECTIONS = 128
const SLICE_MESSAGES = 2048
const SLICE_BYTES = 2 ** 20

const sliceSize = (publications: ReadonlyArray<Publication>): number => {
  const bytes = publications.reduce((sum, { data }) => sum + data.length, 1)
  const size = Math.min(SLICE_CONNECTIONS, SLICE_MESSAGES / publications.length, SLICE_BYTES / bytes)
  return Math.max(1, Math.floor(size))
}

export class Drain implements Job {
  readonly #batch: PreparedBatch
  readonly #sliceSize: number
  readonly #eligible: number
  readonly #written: Array<number>
  readonly #dropped: Array<number>
  readonly #tally = new Tally()
  #firstWriteAt = Number.NaN
  #lastWriteAt = Number.NaN
  #finished = false

  /**
   * @param now milliseconds since the epoch, with fractions
   * @param onSlow what to do with a connection whose send buffer is full; it may close it
   * @param onFinished called once, when every connection had its turn or the drain was aborted; with the error that ended it, if one did
   */
  constructor(
    readonly connections: SlotList<Connection>,
    readonly publications: ReadonlyArray<Publication>,
    fanOut: FanOut,
    readonly now: () => number,
    readonly onSlow: (connection: Connection) => void,
    readonly onFinished: (error?: unknown) => void
  ) {
    this.#batch = fanOut.prepare(publications)
    this.#sliceSize = sliceSize(publications)
    this.#eligible = connections.beginSweep()
    this.#written = publications.map(() => 0)
    this.#dropped = publications.map(() => 0)
  }

  slice(): boolean {
    if (this.#finished) return false
    const { connections } = this
    const tally = this.#tally
    const from = connections.sweep(this.#sliceSize)
    const to = connections.swept
    if (Number.isNaN(this.#firstWriteAt)) this.#firstWriteAt = this.now()
    tally.reset(this.publications.length)
    this.#batch.send(connections.items, from, to, tally)
    if (to > from) this.#lastWriteAt = this.now()
    const open = to - from - tally.closed
    for (let i = 0; i < this.publications.length; i++) {
      const dropped = tally.dropped[i]!
      this.#dropped[i]! += dropped
      this.#written[i]! += open - dropped
    }
    for (const connection of tally.slow) this.onSlow(connection)
    if (connections.unswept > 0) return true
    this.finish()
    return false
  }

  failed(error: unknown): void {
    this.finish(error ?? new Error("a slice failed"))
  }

  /** Ends the drain here; who has not had its turn counts as closed. Does nothing after the end. */
  finish(error?: unknown): void {
    if (this.#finished) return
    this.#finished = true
    this.connections.endSweep()
    this.publications.forEach(({ delivery }, i) => {
      delivery.add(
        this.#eligible,
        this.#written[i]!,
        this.#dropped[i]!,
        this.#firstWriteAt,
        this.#lastWriteAt
      )
    })
    this.onFinished(error)
  }
}
