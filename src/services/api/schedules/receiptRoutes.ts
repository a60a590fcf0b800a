/** What became of broadcasts and runs, over HTTP. */
import * as Effect from "effect/Effect"
import type { ReceiptSubject, Receipts } from "../../receipts/Receipts.ts"
import { pageJson, receiptJson } from "./answerJson.ts"
import { jsonAnswer, refusal } from "./failures.ts"
import { queryReader, writeCursor } from "./queries.ts"
import type { Routes } from "./routes.ts"

const LIST = "receipts"

export const kinds: ReadonlyArray<ReceiptSubject["kind"]> = ["broadcast", "schedule"]

const readQuery = queryReader(LIST, { kind: kinds, schedule: undefined })

export const receiptRoutes = (receipts: Receipts["Service"]): Routes => ({
  "/api/receipts": {
    GET: Effect.fnUntraced(function* ({ request: { query } }) {
      const { filter, ...page } = yield* readQuery(query)
      const found = yield* receipts.list({
        kind: filter.kind as ReceiptSubject["kind"] | undefined,
        schedule: filter.schedule,
        ...page
      })
      return jsonAnswer(pageJson(LIST, found, receiptJson, (cursor) => writeCursor(LIST, cursor)))
    })
  },
  "/api/receipts/:id": {
    GET: ({ id }) =>
      Effect.map(receipts.get(id), (receipt) =>
        receipt === undefined
          ? refusal("not_found", `there is no receipt ${id}`)
          : jsonAnswer(receiptJson(receipt))
      )
  }
})
