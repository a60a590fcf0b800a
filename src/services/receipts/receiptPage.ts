/** A page of receipts: those in memory, which may not be written yet or say more than the store, and those in the store. */
import * as Effect from "effect/Effect"
import type { StoreFailed } from "../store/Store.ts"
import type { GrowingReceipt } from "./GrowingReceipt.ts"
import { isReceiptId, type Receipt, type ReceiptFilter, type ReceiptPage } from "./Receipts.ts"
import { comparePlaces, type Place, type ReceiptTable } from "./ReceiptTable.ts"

export const writeCursor = ({ publishedAt, id }: Place): string =>
  Buffer.from(JSON.stringify([publishedAt, id])).toString("base64url")

/** Undefined: it is none. */
export const readCursor = (cursor: string): Place | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString())
    if (!Array.isArray(value) || value.length !== 2) return undefined
    const [publishedAt, id] = value as ReadonlyArray<unknown>
    return typeof publishedAt === "number" && typeof id === "string" && isReceiptId(id)
      ? { publishedAt, id }
      : undefined
  } catch {
    return undefined
  }
}

const passes = ({ kind, schedule }: ReceiptFilter, { subject }: GrowingReceipt): boolean =>
  (kind === undefined || subject.kind === kind) && (schedule === undefined || subject.schedule === schedule)

/** @param growing by id */
export const receiptPage = Effect.fnUntraced(function* (
  table: ReceiptTable,
  growing: ReadonlyMap<string, GrowingReceipt>,
  filter: ReceiptFilter
): Effect.fn.Return<ReceiptPage, StoreFailed> {
  const { limit, cursor } = filter
  const before = cursor === undefined ? undefined : readCursor(cursor)
  // Runs alone have a schedule.
  const { schedule } = filter
  const isEmpty = schedule !== undefined && (filter.kind === "broadcast" || !isReceiptId(schedule))
  if (isEmpty || limit < 1 || (cursor !== undefined && before === undefined)) return { items: [] }

  const stored = yield* table.places(filter, before, limit + 1)
  const reachesTo = stored.length > limit ? stored.at(-1) : undefined
  const isWithin = (place: Place) =>
    (before === undefined || comparePlaces(place, before) < 0) &&
    // What is older stands on a later page.
    (reachesTo === undefined || comparePlaces(place, reachesTo) >= 0)
  const inMemory = [...growing.values()].filter((receipt) => isWithin(receipt) && passes(filter, receipt))
  const places = [...inMemory, ...stored.filter(({ id }) => !growing.has(id))].sort((a, b) =>
    comparePlaces(b, a)
  )
  const page = places.slice(0, limit)
  const items: Array<Receipt> = []
  for (const { id } of page) {
    const receipt = growing.get(id)?.receipt() ?? (yield* table.get(id))
    if (receipt !== undefined) items.push(receipt)
  }
  const last = places.length > limit ? page.at(-1) : reachesTo
  return last === undefined ? { items } : { items, cursor: writeCursor(last) }
})
