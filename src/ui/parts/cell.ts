/** A value that others can watch: what views show and what outlives them. */
export interface Cell<A> {
  readonly get: () => A
  /** Tells those who watch, unless it is the value that was there. */
  readonly set: (value: A) => void
  readonly update: (change: (value: A) => A) => void
  /** @returns ends it */
  readonly watch: (heard: (value: A) => void) => () => void
}

export const cell = <A>(initial: A): Cell<A> => {
  let value = initial
  const watchers = new Set<(value: A) => void>()
  const set = (next: A) => {
    if (Object.is(next, value)) return
    value = next
    for (const heard of [...watchers]) heard(next)
  }
  return {
    get: () => value,
    set,
    update: (change) => set(change(value)),
    watch: (heard) => {
      watchers.add(heard)
      return () => void watchers.delete(heard)
    }
  }
}
