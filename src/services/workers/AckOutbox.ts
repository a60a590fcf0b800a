/**
 * In a worker: how many of its connections acknowledged which receipts, told to the primary in batches.
 *
 * Bounded: one message is on its way at a time, the rest adds up here, a number for each receipt.
 */
import type { FromWorker } from "./messages.ts"

/** What comes within that time is told together. */
const TELL_DELAY_MS = 100

export class AckOutbox {
  #counts = new Map<string, number>()
  #isUnderWay = false

  /** @param later calls back after so many ms */
  constructor(
    readonly send: (message: FromWorker) => void,
    readonly later: (tell: () => void, ms: number) => void
  ) {}

  readonly add = (id: string): void => {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    this.#tellSoon()
  }

  /** The primary has taken the last message. */
  taken(): void {
    this.#isUnderWay = false
    if (this.#counts.size > 0) this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    this.later(() => {
      const counts = [...this.#counts]
      this.#counts = new Map()
      this.send({ _tag: "Acked", counts })
    }, TELL_DELAY_MS)
  }
}
