/**
 * Where the earlier messages of a log stand: each of the last ones, and of those further back ever fewer. So whoever has missed little asks NATS for
 * just these messages, and whoever has missed more begins to read not far before them, however many other channels a stream holds.
 */

/** Messages up to this sequence hold publications up to this offset, and none behind it. */
export interface Mark {
  readonly offset: number
  readonly seq: number
}

/** The last ones of which none is left out. */
export const NEAR = 8
/** Beyond `NEAR` they are about as far apart as they are from the end: two for each doubling. */
const MAX_MARKS = 64

/** @param mark of the last message, on which another one follows */
export const marked = (marks: ReadonlyArray<Mark>, mark: Mark): ReadonlyArray<Mark> => {
  const all = [...marks, mark]
  for (let at = 1; at < all.length - NEAR; at++) {
    const after = all[at + 1]!.offset
    if (after - all[at - 1]!.offset > mark.offset - after) continue
    all.splice(at, 1)
    break
  }
  if (all.length > MAX_MARKS) all.shift()
  return all
}

/** Without those before the last one at which nothing counts that is not behind it. @param first offset of the oldest publication that counts */
export const withoutGone = (marks: ReadonlyArray<Mark>, first: number): ReadonlyArray<Mark> => {
  const begin = marks.findLastIndex(({ offset }) => offset < first)
  return begin > 0 ? marks.slice(begin) : marks
}

/** Behind which the publications from an offset on are; undefined: at the beginning. */
export const markBefore = (marks: ReadonlyArray<Mark>, offset: number): Mark | undefined =>
  marks.findLast((mark) => mark.offset < offset)
