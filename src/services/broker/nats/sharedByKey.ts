/** Asks that are under way once for all who want the answer. */

interface Asked<A> {
  readonly underWay: Promise<A>
  next: Promise<A> | undefined
}

/**
 * What is answered is of a moment after it was asked: who comes while something is under way shares the next one with others who come meanwhile. So
 * however many ask for the same, two are under way or waiting.
 */
export const sharedByKey = <A>(): ((key: string, ask: () => Promise<A>) => Promise<A>) => {
  const asked = new Map<string, Asked<A>>()
  const begin = (key: string, ask: () => Promise<A>): Promise<A> => {
    const own: Asked<A> = {
      underWay: ask().finally(() => {
        if (asked.get(key) === own) asked.delete(key)
      }),
      next: undefined
    }
    asked.set(key, own)
    return own.underWay
  }
  return (key, ask) => {
    const found = asked.get(key)
    if (found === undefined) return begin(key, ask)
    found.next ??= found.underWay.then(
      () => begin(key, ask),
      () => begin(key, ask)
    )
    return found.next
  }
}
