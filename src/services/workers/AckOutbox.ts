/**
 * How many connections acknowledged which receipts, told in batches to who published them: by a worker to its primary, by a node to another.
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
    readonly send: (message: Extract<FromWorker, { readonly _tag: "Acked" }>) => void,
    readonly later: (tell: () => void, ms: number) => void
  ) {}

  readonly add = (id: string, connections = 1): void => {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + connections)
    this.#tellSoon()
  }

  /** Nothing is on its way, nor waits. */
  get isIdle(): boolean {
    return !this.#isUnderWay && this.#counts.size === 0
  }

  /** The last message was taken. */
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
