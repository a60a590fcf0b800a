import { expect, it } from "vitest"
import type { Receipt } from "../../../src/ui/dashboard/receipts/receipt.ts"
import {
  MAX_RECEIPTS,
  NO_RECEIPTS,
  type ReceiptList,
  withOlder,
  withPushed
} from "../../../src/ui/dashboard/receipts/receiptList.ts"

/** From number to number, newest first. */
const receipts = (newest: number, oldest: number, written = 0): ReadonlyArray<Receipt> =>
  Array.from({ length: newest - oldest + 1 }, (_, at) => {
    const number = newest - at
    return { id: String(number), publishedAt: number, written } as Receipt
  })

const numbers = (list: ReceiptList) => list.receipts.map(({ publishedAt }) => publishedAt)

it("the newest replace each other until somebody asks for older ones", () => {
  const list = withPushed(withPushed(NO_RECEIPTS, receipts(3, 1)), receipts(9, 7))
  expect(numbers(list)).toEqual([9, 8, 7])
  expect(list.isAnew).toBe(false)
})

it("what was heard stays below what comes, once older ones are there", () => {
  const older = withOlder(withPushed(NO_RECEIPTS, receipts(6, 5)), receipts(6, 3), undefined, "next")
  expect(numbers(older)).toEqual([6, 5, 4, 3])
  const more = withPushed(older, receipts(7, 6, 1))
  expect(more.receipts.map(({ publishedAt, written }) => [publishedAt, written])).toEqual([
    [7, 1],
    [6, 1],
    [5, 0],
    [4, 0],
    [3, 0]
  ])
  expect(numbers(withOlder(more, receipts(2, 1), "next", null))).toEqual([7, 6, 5, 4, 3, 2, 1])
})

it("what does not meet what is known begins anew, and says so until older ones are there again", () => {
  const older = withOlder(withPushed(NO_RECEIPTS, receipts(6, 5)), receipts(6, 3), undefined, null)
  const apart = withPushed(older, receipts(20, 19))
  expect(apart).toMatchObject({ cursor: undefined, isAnew: true })
  expect(numbers(apart)).toEqual([20, 19])
  expect(withOlder(apart, receipts(20, 10), undefined, "next").isAnew).toBe(false)
  expect(withPushed(older, [])).toMatchObject({ receipts: [], isAnew: false })
})

it("pages that come late, or from before a hole, are passed over", () => {
  const list = withPushed(NO_RECEIPTS, receipts(20, 19))
  expect(withOlder(list, receipts(6, 3), undefined, "next")).toBe(list)
  expect(withOlder(list, receipts(18, 3), "of before", "next")).toBe(list)
})

it("is bounded", () => {
  const full = withOlder(
    withPushed(NO_RECEIPTS, receipts(MAX_RECEIPTS, MAX_RECEIPTS)),
    receipts(MAX_RECEIPTS, 1),
    undefined,
    null
  )
  expect(numbers(withPushed(full, receipts(MAX_RECEIPTS + 1, MAX_RECEIPTS)))).toHaveLength(2)
})
