/**
 * HOT PATH. One drain of a shard's mailbox: a batch of publications, sent in slices to all connections of the shard that are to get them.
 *
 * Slices are small because the loop has other work: pings, accepts, the API. A prototype that sent to 15,000 connections at once
 * delayed the loop by 16 ms at the 99th percentile, in slices of 128 by 2 ms. They cost or save no CPU that stands out of the noise.
 */
import type { Connection } from "./Connection.ts"
import { type PreparedBatch, Tally } from "./FanOut.ts"
import type { Frame, Publication } from "./Publication.ts"
import type { Job } from "./Slicer.ts"
import type { SlotList, Slotted } from "./SlotList.ts"

/** Bounds of one slice; the least of them decides, but at least one connection is served. */
const SLICE_CONNECTIONS = 128
const SLICE_MESSAGES = 2048
const SLICE_BYTES = 2 ** 20

/** How many connections one slice serves with these frames. */
export const sliceSize = (frames: ReadonlyArray<Pick<Frame, "data">>): number => {
  const bytes = frames.reduce((sum, { data }) => sum + data.length, 1)
  const size = Math.min(SLICE_CONNECTIONS, SLICE_MESSAGES / frames.length, SLICE_BYTES / bytes)
  return Math.max(1, Math.floor(size))
}

/** Connections that take the same, while they are visited. The sweep of the list has begun. */
export interface Course {
  readonly list: SlotList<Slotted>
  /** In the order of the list. */
  readonly connections: ReadonlyArray<Connection>
  readonly batch: PreparedBatch
  /** For each frame of the batch, the publications (by their place in the drain) that it holds. */
  readonly publicationsOf: ReadonlyArray<ReadonlyArray<number>>
  /** Connections that one slice serves, if it serves no others. */
  readonly sliceSize: number
}

/** What became of one publication of the drain. */
class Counts {
  eligible = 0
  written = 0
  dropped = 0
  firstWriteAt = Number.NaN
  lastWriteAt = Number.NaN
}

export class Drain implements Job {
  readonly #counts: ReadonlyArray<Counts>
  readonly #tally = new Tally()
  readonly #groups: Iterator<ReadonlyArray<Course>>
  /** Courses that have begun and not ended; the first is the present one. */
  #courses: Array<Course> = []
  #finished = false

  /**
   * @param groups courses that begin together, made when their turn has come; the first ones begin at once
   * @param now milliseconds since the epoch, with fractions
   * @param onSlow what to do with a connection whose send buffer is full; it may close it
   * @param onFinished called once, when every connection had its turn or the drain was aborted; with the error that ended it, if one did
   * @param shard whose drain it is
   */
  constructor(
    readonly publications: ReadonlyArray<Publication>,
    groups: Iterable<ReadonlyArray<Course>>,
    readonly now: () => number,
    readonly onSlow: (connection: Connection) => void,
    readonly onFinished: (error?: unknown) => void,
    readonly shard = ""
  ) {
    this.#counts = publications.map(() => new Counts())
    this.#groups = groups[Symbol.iterator]()
    this.#begin()
  }

  slice(): boolean {
    let share = 1
    while (share > 0 && !this.#finished) {
      const course = this.#courses[0]
      if (course === undefined) this.finish()
      else share -= this.#visit(course, share)
    }
    return !this.#finished
  }

  failed(error: unknown): void {
    this.finish(error ?? new Error("a slice failed"))
  }

  /** Ends the drain here; who has not had its turn counts as closed. Does nothing after the end. */
  finish(error?: unknown): void {
    if (this.#finished) return
    this.#finished = true
    for (const { list } of this.#courses) list.endSweep()
    this.publications.forEach(({ delivery }, i) => {
      const { eligible, written, dropped, firstWriteAt, lastWriteAt } = this.#counts[i]!
      delivery.add(eligible, written, dropped, firstWriteAt, lastWriteAt, this.shard)
    })
    this.onFinished(error)
  }

  /** Begins the next courses that visit anybody; without any, the present ones were the last. */
  #begin(): void {
    while (this.#courses.length === 0) {
      const { value, done } = this.#groups.next()
      if (done === true) return
      for (const course of value as ReadonlyArray<Course>) {
        const { unswept } = course.list
        for (const publications of course.publicationsOf)
          for (const at of publications) this.#counts[at]!.eligible += unswept
        if (unswept > 0) this.#courses.push(course)
        else course.list.endSweep()
      }
    }
  }

  /** Serves as many of the course as fit into this share of a slice, at least one; gives the share that was used. */
  #visit(course: Course, share: number): number {
    const { list, connections, batch, publicationsOf } = course
    const tally = this.#tally
    const from = list.sweep(Math.max(1, Math.floor(share * course.sliceSize)))
    const to = list.swept
    const isFirst = Number.isNaN(this.#counts[publicationsOf[0]![0]!]!.firstWriteAt)
    const began = isFirst ? this.now() : Number.NaN
    tally.reset(publicationsOf.length)
    batch.send(connections, from, to, tally)
    if (to > from) {
      const ended = this.now()
      const open = to - from - tally.closed
      publicationsOf.forEach((publications, frame) => {
        const dropped = tally.dropped[frame]!
        for (const at of publications) this.#note(at, open - dropped, dropped, began, ended)
      })
    }
    for (const connection of tally.slow) this.onSlow(connection)
    // Those who are still to visit may have left meanwhile, in here too.
    if (list.unswept === 0 && !this.#finished) {
      list.endSweep()
      this.#courses.shift()
      this.#begin()
      if (this.#courses.length === 0) this.finish()
    }
    return (to - from || 1) / course.sliceSize
  }

  #note(at: number, written: number, dropped: number, began: number, ended: number): void {
    const counts = this.#counts[at]!
    counts.written += written
    counts.dropped += dropped
    if (Number.isNaN(counts.firstWriteAt)) counts.firstWriteAt = began
    counts.lastWriteAt = ended
  }
}
