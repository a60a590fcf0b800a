/** The receipts that a page shows: the newest as they are pushed, and those before them as far as somebody asked. There is no hole in it. */
import { newestFirst, type Receipt } from "./receipt.ts"

/** Receipts that a page keeps at most; then it begins from the top again. */
export const MAX_RECEIPTS = 5_000

export interface ReceiptList {
  /** Newest first. */
  readonly receipts: ReadonlyArray<Receipt>
  /** Of the next page of older ones; undefined: nobody asked for older ones yet; null: there are no more. */
  readonly cursor: string | null | undefined
  /** Whether older ones were there, and went, as it was not known what is between them and the newest. */
  readonly isAnew: boolean
}

export const NO_RECEIPTS: ReceiptList = { receipts: [], cursor: undefined, isAnew: false }

const meet = (one: ReadonlyArray<Receipt>, other: ReadonlyArray<Receipt>): boolean => {
  const ids = new Set(one.map(({ id }) => id))
  return other.some(({ id }) => ids.has(id))
}

/** @param pushed the newest, all of them as they are now */
export const withPushed = (list: ReceiptList, pushed: ReadonlyArray<Receipt>): ReceiptList => {
  const newest = newestFirst(pushed)
  if (list.cursor === undefined) return { ...list, receipts: newest }
  const receipts = newestFirst([...list.receipts, ...pushed])
  const isWhole = meet(list.receipts, pushed) || list.receipts.length === 0
  if (isWhole && receipts.length <= MAX_RECEIPTS) return { ...list, receipts }
  return { receipts: newest, cursor: undefined, isAnew: newest.length > 0 }
}

/**
 * @param from the cursor that was asked with; where the list has another one by now, or what came does not meet it, it stays as it is
 * @param cursor of the next page
 */
export const withOlder = (
  list: ReceiptList,
  older: ReadonlyArray<Receipt>,
  from: string | undefined,
  cursor: string | null
): ReceiptList => {
  const isApart = from === undefined && list.receipts.length > 0 && !meet(older, list.receipts)
  if (list.cursor !== from || isApart) return list
  return { receipts: newestFirst([...older, ...list.receipts]), cursor, isAnew: false }
}
