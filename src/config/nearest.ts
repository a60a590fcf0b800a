/** The nearest known name to a mistyped one, for "did you mean". */

/** Edits (insert, delete, replace) that turn `a` into `b`. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** A name, or the last part of one, that is close to `given`; undefined where nothing is near. */
export const nearest = (given: string, known: ReadonlyArray<string>): string | undefined => {
  const scored = known.map((name) => {
    const tail = name.slice(name.lastIndexOf(".") + 1)
    const edits = Math.min(
      distance(given.toLowerCase(), name.toLowerCase()),
      distance(given.toLowerCase(), tail.toLowerCase()) + 0.5
    )
    return [name, edits] as const
  })
  const best = scored.reduce((a, b) => (b[1] < a[1] ? b : a), ["", Number.POSITIVE_INFINITY] as const)
  return best[1] <= Math.max(2, given.length / 3) ? best[0] : undefined
}
