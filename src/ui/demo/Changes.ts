/** Tells views that something changed: once a frame, however often it did, and not while the page is hidden. */

export class Changes {
  readonly #views = new Set<() => void>()
  #isDue = false

  /** Gives what takes it back. */
  watch(view: () => void): () => void {
    this.#views.add(view)
    return () => void this.#views.delete(view)
  }

  tell(): void {
    if (this.#isDue) return
    this.#isDue = true
    requestAnimationFrame(() => {
      this.#isDue = false
      for (const view of this.#views) view()
    })
  }
}
