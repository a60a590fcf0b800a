/**
 * Receipts in the store: by id, and three lists of ids by time: of all, of a kind, of a schedule. What does not change the lists is one write.
 */
import * as Effect from "effect/Effect"
import type { Key, Store, StoreFailed, Write } from "../store/Store.ts"
import type { Receipt, ReceiptFilter } from "./Receipts.ts"

const RECEIPTS = "receipts"
/** [list, publishedAt, id] */
const LISTS = "receipt-lists"
const ALL = "all"
/** No receipt is published then. */
const LAST = Number.MAX_VALUE

/** Receipts that one commit removes. */
const REMOVED_AT_ONCE = 500

/** Where a receipt stands in time. */
export interface Place {
  readonly publishedAt: number
  readonly id: string
}

/** Negative: the first is the older one. */
export const comparePlaces = (a: Place, b: Place): number =>
  a.publishedAt - b.publishedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

const listsOf = ({ kind, schedule }: Pick<Receipt, "kind" | "schedule">): ReadonlyArray<string> => [
  ALL,
  `kind:${kind}`,
  ...(schedule === undefined ? [] : [`schedule:${schedule}`])
]

/** The shortest list that has all that the filter lets through. */
const listFor = ({ kind, schedule }: ReceiptFilter): string =>
  schedule !== undefined ? `schedule:${schedule}` : kind !== undefined ? `kind:${kind}` : ALL

const listKeys = (receipt: Receipt): ReadonlyArray<Key> =>
  listsOf(receipt).map((list) => [list, receipt.publishedAt, receipt.id])

const removal = (receipt: Receipt): ReadonlyArray<Write> => [
  { table: RECEIPTS, key: [receipt.id] },
  ...listKeys(receipt).map((key) => ({ table: LISTS, key }))
]

/** A receipt to write, and whether its lists have it. */
export interface Entry {
  readonly receipt: Receipt
  readonly isWritten: boolean
}

export class ReceiptTable {
  constructor(readonly store: Store["Service"]) {}

  readonly get = (id: string): Effect.Effect<Receipt | undefined, StoreFailed> =>
    this.store.get(RECEIPTS, [id]) as Effect.Effect<Receipt | undefined, StoreFailed>

  readonly count: Effect.Effect<number, StoreFailed> = Effect.suspend(() => this.store.count(RECEIPTS))

  /** Writes them all, or none. How many there are more now: an earlier one of the same id is replaced. */
  readonly write = Effect.fnUntraced(function* (this: ReceiptTable, entries: ReadonlyArray<Entry>) {
    const writes: Array<Write> = []
    let added = 0
    for (const { receipt, isWritten } of entries) {
      if (!isWritten) {
        const earlier = yield* this.get(receipt.id)
        if (earlier === undefined) added++
        else writes.push(...removal(earlier))
        for (const key of listKeys(receipt)) writes.push({ table: LISTS, key, value: true })
      }
      writes.push({ table: RECEIPTS, key: [receipt.id], value: receipt })
    }
    yield* this.store.commit(writes)
    return added
  })

  /** The places of a list before one, newest first. */
  readonly places = (
    filter: ReceiptFilter,
    before: Place | undefined,
    limit: number
  ): Effect.Effect<ReadonlyArray<Place>, StoreFailed> => {
    const list = listFor(filter)
    const to: Key = before === undefined ? [list, LAST] : [list, before.publishedAt, before.id]
    return Effect.map(this.store.range(LISTS, { from: [list], to, isReverse: true, limit }), (found) =>
      found.map(([key]) => placeOf(key))
    )
  }

  /** Removes the oldest: at least `surplus` of them, and those from before a time, `REMOVED_AT_ONCE` at most. How many they were. */
  readonly removeOldest = Effect.fnUntraced(function* (this: ReceiptTable, surplus: number, before: number) {
    const range = { from: [ALL], to: [ALL, LAST], limit: REMOVED_AT_ONCE }
    const oldest = (yield* this.store.range(LISTS, range)).map(([key]) => placeOf(key))
    const over = oldest.filter(({ publishedAt }, at) => at < surplus || publishedAt < before)
    const writes: Array<Write> = []
    for (const { publishedAt, id } of over) {
      const receipt = yield* this.get(id)
      writes.push({ table: LISTS, key: [ALL, publishedAt, id] })
      if (receipt !== undefined) writes.push(...removal(receipt))
    }
    if (writes.length > 0) yield* this.store.commit(writes)
    return over.length
  })
}

const placeOf = ([, publishedAt, id]: Key): Place => ({
  publishedAt: publishedAt as number,
  id: id as string
})
