import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { bestOf, mergePages } from "../../../../src/services/cluster/listReceipts.ts"
import type { Receipt, ReceiptPage } from "../../../../src/services/receipts/Receipts.ts"
import { comparePlaces } from "../../../../src/services/receipts/ReceiptTable.ts"
import { readCursor, writeCursor } from "../../../../src/services/receipts/receiptPage.ts"

const receiptOf = (publishedAt: number, id: string) => ({ publishedAt, id }) as Receipt

/** As a node gives it: newest first. */
const pageOf = (all: ReadonlyArray<Receipt>, limit: number, cursor: string | undefined): ReceiptPage => {
  const before = cursor === undefined ? undefined : readCursor(cursor)
  const left = [...all]
    .sort((a, b) => comparePlaces(b, a))
    .filter((one) => before === undefined || comparePlaces(one, before) < 0)
  const items = left.slice(0, limit)
  return left.length > limit ? { items, cursor: writeCursor(items.at(-1)!) } : { items }
}

describe("pages of receipts of several nodes", () => {
  it("one after the other have all of them once, newest first", () => {
    const times = fc.array(fc.nat(20), { maxLength: 15 })
    fc.assert(
      fc.property(
        fc.array(times, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (nodes, limit) => {
          const kept = nodes.map((some, node) => some.map((at, index) => receiptOf(at, `${node}-${index}`)))
          const seen: Array<Receipt> = []
          let cursor: string | undefined
          do {
            const page = mergePages(
              // A page may be shorter than it was asked for, and go on all the same.
              kept.map((all, node) => pageOf(all, Math.min(limit, 1 + node), cursor)),
              limit
            )
            expect(page.items.length).toBeLessThanOrEqual(limit)
            seen.push(...page.items)
            cursor = page.cursor
          } while (cursor !== undefined)
          expect(seen).toEqual(kept.flat().sort((a, b) => comparePlaces(b, a)))
        }
      )
    )
  })

  it("of two receipts of one id the complete one counts, then the later one, whichever node has it", () => {
    const one = (publishedAt: number, isComplete: boolean) =>
      ({ publishedAt, isComplete, id: "r" }) as Receipt
    const better: ReadonlyArray<readonly [Receipt, Receipt]> = [
      [one(1, true), one(2, false)],
      [one(2, true), one(1, true)],
      [one(2, false), one(1, false)]
    ]
    for (const [wanted, other] of better)
      for (const both of [
        [wanted, other],
        [other, wanted]
      ]) {
        expect(bestOf(both)).toBe(wanted)
        expect(
          mergePages(
            both.map((receipt) => ({ items: [receipt] })),
            10
          ).items
        ).toEqual([wanted])
      }
    expect(bestOf([])).toBeUndefined()
  })
})
