/** Requests that publish, and keep a receipt: because they ask for it, or because everyone hears what they publish. */
import { randomUUID } from "node:crypto"
import * as Effect from "effect/Effect"
import type { OpenReceipt, Receipts } from "../receipts/Receipts.ts"
import { isError, type Outcome } from "./outcome.ts"
import { withReceiptJson } from "./resultJson.ts"

/** What a request says about its receipt: its id, or that it is to have one. */
export type Asked = string | boolean | undefined

export const asksForReceipt = (asked: Asked): boolean => asked !== undefined && asked !== false

/** The result tells those who asked which receipt it is, unless nothing was published. */
export const receiving = (
  receipts: Receipts["Service"],
  asked: Asked,
  channels: ReadonlyArray<string>,
  publish: (receipt: OpenReceipt) => Effect.Effect<Outcome>
): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const id = typeof asked === "string" ? asked : randomUUID()
    const receipt = receipts.open({ id, kind: "broadcast", channels })
    const isTold = asksForReceipt(asked)
    return publish(receipt).pipe(
      Effect.ensuring(Effect.sync(() => receipt.seal())),
      Effect.map((outcome) =>
        isTold && !isError(outcome) && !receipt.isEmpty ? withReceiptJson(outcome, id) : outcome
      )
    )
  })
