import * as Effect from "effect/Effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import { GrowingReceipt } from "../../../../src/services/receipts/GrowingReceipt.ts"
import { comparePlaces, ReceiptTable } from "../../../../src/services/receipts/ReceiptTable.ts"
import { receiptPage } from "../../../../src/services/receipts/receiptPage.ts"
import { layerMemory } from "../../../../src/services/store/MemoryStore.ts"
import { Store } from "../../../../src/services/store/Store.ts"
import { broadcast } from "../../../support/receipts/receipts.ts"

const nobody = { begun: () => {}, completed: () => {}, vanished: () => {} }

const grown = (id: string, publishedAt: number) =>
  new GrowingReceipt(broadcast(id), publishedAt, 0, undefined, nobody)

/** When receipts were published as the store has them, and as memory has them. */
const times = fc.record({ stored: fc.option(fc.nat(9)), inMemory: fc.option(fc.nat(9)) })

it("pages of any size have all receipts, each once, newest first: as memory knows them, else as the store does", async () => {
  const property = fc.asyncProperty(
    fc.array(times, { maxLength: 12 }),
    fc.integer({ min: 1, max: 13 }),
    (all, limit) =>
      Effect.gen(function* () {
        const table = new ReceiptTable(yield* Store)
        const growing = new Map<string, GrowingReceipt>()
        const expected: Array<GrowingReceipt> = []
        for (const [i, { stored, inMemory }] of all.entries()) {
          const id = `r${i}`
          if (stored !== null)
            yield* table.write([{ receipt: grown(id, stored).receipt(), isWritten: false }])
          if (inMemory !== null) growing.set(id, grown(id, inMemory))
          const at = inMemory ?? stored
          if (at !== null) expected.push(grown(id, at))
        }
        const found: Array<string> = []
        let cursor: string | undefined
        do {
          const page: {
            readonly items: ReadonlyArray<{ readonly id: string }>
            readonly cursor?: string | undefined
          } = yield* receiptPage(table, growing, { limit, cursor })
          expect(page.items.length).toBeLessThanOrEqual(limit)
          found.push(...page.items.map(({ id }) => id))
          cursor = page.cursor
        } while (cursor !== undefined)
        expect(found).toEqual(expected.sort((a, b) => comparePlaces(b, a)).map(({ id }) => id))
      }).pipe(Effect.provide(layerMemory), Effect.runPromise)
  )
  await fc.assert(property, { numRuns: 500 })
})
