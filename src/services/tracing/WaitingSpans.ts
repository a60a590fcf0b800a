/** Spans that wait to be exported: a bounded queue that tells of its first span, and of a whole batch. */
import * as Latch from "effect/Latch"
import type { OtlpSpan } from "./OpenSpan.ts"

/** Spans that wait at most: about 6 MB of memory, for no text in them is longer than a channel's name may be. */
export const MAX_WAITING = 4096
/** Spans of one request: 500 KB, and some 3 ms of writing. */
export const BATCH = 512

export class WaitingSpans {
  /** Spans that found too many. */
  dropped = 0
  readonly #spans: Array<OtlpSpan> = []
  readonly #some = Latch.makeUnsafe(false)
  readonly #batch = Latch.makeUnsafe(false)
  /** Completes when a span waits. */
  readonly some = this.#some.await
  /** Completes when as many wait as one request takes. */
  readonly batch = this.#batch.await

  get size(): number {
    return this.#spans.length
  }

  readonly add = (span: OtlpSpan): void => {
    if (this.#spans.length >= MAX_WAITING) {
      this.dropped++
      return
    }
    this.#spans.push(span)
    this.#look()
  }

  take(): Array<OtlpSpan> {
    const taken = this.#spans.splice(0, BATCH)
    this.#look()
    return taken
  }

  /** What was taken and not sent, to be taken first. */
  putBack(spans: ReadonlyArray<OtlpSpan>): void {
    this.#spans.unshift(...spans)
    this.#look()
  }

  #look(): void {
    if (this.#spans.length > 0) this.#some.openUnsafe()
    else this.#some.closeUnsafe()
    if (this.#spans.length >= BATCH) this.#batch.openUnsafe()
    else this.#batch.closeUnsafe()
  }
}
