/** A page of the receipts of all nodes: each gives its page after the same place, and the newest of them are the page of all. */
import * as Effect from "effect/Effect"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { makeFailureLog } from "../failureLog.ts"
import type { Receipt, ReceiptPage, Receipts } from "../receipts/Receipts.ts"
import { comparePlaces } from "../receipts/ReceiptTable.ts"
import { writeCursor } from "../receipts/receiptPage.ts"
import type { NodeCalls } from "./NodeCalls.ts"

/**
 * Two nodes may have a receipt of one id: of a run that one has begun and another one ended, or where an application used an id twice. The one that
 * is complete tells more, then the later one.
 */
const isBetter = (a: Receipt, b: Receipt): boolean =>
  a.isComplete === b.isComplete ? a.publishedAt > b.publishedAt : a.isComplete

/** Undefined: there are none. */
export const bestOf = (receipts: ReadonlyArray<Receipt>): Receipt | undefined =>
  receipts.reduce<Receipt | undefined>(
    (best, one) => (best === undefined || isBetter(one, best) ? one : best),
    undefined
  )

/** The first so many of all pages. Of a page that goes on, nothing older than its last is known. */
export const mergePages = (pages: ReadonlyArray<ReceiptPage>, limit: number): ReceiptPage => {
  const ends = pages.flatMap(({ items, cursor }) => (cursor === undefined ? [] : [items.at(-1)]))
  const isKnown = (receipt: Receipt) =>
    ends.every((end) => end === undefined || comparePlaces(receipt, end) >= 0)
  const byId = new Map<string, Receipt>()
  for (const receipt of pages.flatMap(({ items }) => items)) {
    const known = byId.get(receipt.id)
    if (known === undefined || isBetter(receipt, known)) byId.set(receipt.id, receipt)
  }
  const all = [...byId.values()].sort((a, b) => comparePlaces(b, a))
  const items = all.filter(isKnown).slice(0, limit)
  const last = items.at(-1)
  const isAll = items.length === all.length && ends.length === 0
  return isAll || last === undefined ? { items } : { items, cursor: writeCursor(last) }
}

/** Nodes that do not answer are left out, and named in the log. */
export const listOverNodes = Effect.fnUntraced(function* (
  inner: Receipts["Service"],
  calls: NodeCalls["Service"]
) {
  const log = makeFailureLog("receipts are listed without those of some nodes")
  yield* calls.serve("ListReceipts", ({ _tag, ...filter }) =>
    inner.list(filter).pipe(
      Effect.map(({ items, cursor }) => ({ _tag: "Receipts" as const, items, cursor })),
      Effect.mapError(({ detail }) => new BrokerUnavailable({ detail }))
    )
  )
  const list: Receipts["Service"]["list"] = Effect.fnUntraced(function* (filter) {
    const own = yield* inner.list(filter)
    const others = yield* calls.askOthers({ _tag: "ListReceipts", ...filter }).pipe(
      Effect.catch(({ detail }) => Effect.as(log(detail), { answers: [], missing: [] })),
      Effect.tap(({ missing }) => (missing.length === 0 ? Effect.void : log(missing.join(", "))))
    )
    return mergePages([own, ...others.answers.map(({ answer }) => answer)], filter.limit)
  })
  return list
})
