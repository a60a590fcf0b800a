/** What is known of the last messages of channels, so that most publications need not ask: a bounded number, those that were used last. */
import type { Top } from "./LogState.ts"

/** 600 to 1,500 bytes each, by how many marks the log has. */
export const MAX_TOPS = 200_000

export class Tops {
  readonly #known = new Map<string, Top>()

  constructor(readonly most = MAX_TOPS) {}

  get size(): number {
    return this.#known.size
  }

  get(channel: string): Top | undefined {
    return this.#known.get(channel)
  }

  /** Sequences only grow: unless a later message is known already, this is the last one. */
  note(channel: string, top: Top): void {
    const known = this.#known.get(channel)
    if (known !== undefined && known.seq >= top.seq) return
    this.#known.delete(channel)
    this.#known.set(channel, top)
    if (this.#known.size <= this.most) return
    const [oldest] = this.#known.keys()
    this.#known.delete(oldest!)
  }

  forget(channel: string): void {
    this.#known.delete(channel)
  }

  clear(): void {
    this.#known.clear()
  }
}
