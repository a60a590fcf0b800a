/** What is missing before a publication that came: by the stream's offsets, or by the numbers that senders gave their messages. */

export interface Position {
  readonly epoch: string
  readonly offset: number
}

/** How many are missing before it; "repeated": it was there already. */
export type Step = number | "repeated"

const step = (last: number, next: number): Step => (next <= last ? "repeated" : next - last - 1)

/** "epoch:offset"; undefined for anything else. */
export const parsePosition = (text: string): Position | undefined => {
  const at = text.lastIndexOf(":")
  const offset = text.slice(at + 1)
  return at > 0 && /^\d+$/.test(offset) ? { epoch: text.slice(0, at), offset: Number(offset) } : undefined
}

export class OffsetOrder {
  #last: Position | undefined

  next(position: Position): Step {
    const last = this.#last
    if (last === undefined || last.epoch !== position.epoch) {
      this.#last = position
      return 0
    }
    const missing = step(last.offset, position.offset)
    if (missing !== "repeated") this.#last = position
    return missing
  }

  /** Goes on from here. How many lie between; undefined where the stream is another one, or nothing came yet. */
  skipTo(position: Position): number | undefined {
    const last = this.#last
    this.#last = position
    return last === undefined || last.epoch !== position.epoch
      ? undefined
      : Math.max(0, position.offset - last.offset)
  }
}

/** Senders that are remembered; of one that was forgotten the next message counts as its first. */
const MAX_SENDERS = 1000

export class SenderOrder {
  readonly #last = new Map<string, number>()

  /** Whether the next message of this sender says what is missing. */
  knows(sender: string): boolean {
    return this.#last.has(sender)
  }

  next({ sender, n }: { readonly sender: string; readonly n: number }): Step {
    const last = this.#last.get(sender)
    const missing = last === undefined ? 0 : step(last, n)
    if (missing === "repeated") return missing
    // Put behind the others: the one that was silent longest is the first to be forgotten.
    this.#last.delete(sender)
    this.#last.set(sender, n)
    if (this.#last.size > MAX_SENDERS) this.#last.delete(this.#last.keys().next().value!)
    return missing
  }
}
