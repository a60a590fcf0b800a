/** The receipt of what was just published, as it grows. It is said twice: that it was published, and that it is complete. */
import { count } from "../../parts/format.ts"
import { Problem } from "../../parts/Problem.tsx"
import { ReceiptFigures } from "../receipts/ReceiptFigures.tsx"
import type { Receipt } from "../receipts/receipt.ts"
import { useReceipt } from "../receipts/useReceipt.ts"
import { hashOf } from "../routes.ts"

const said = (receipt: Receipt | undefined): string => {
  if (!receipt?.isComplete) return "Published."
  return `Published; complete: ${count(receipt.written)} of ${count(receipt.eligible)} connections were written to.`
}

export const PublishedReceipt = ({ id }: { readonly id: string }) => {
  const { receipt, problem } = useReceipt(id)
  return (
    <section class="answer">
      <p>
        <span role="status">{said(receipt)}</span> <a href={hashOf("receipts", id)}>Receipt {id}</a>
      </p>
      <Problem text={problem} />
      {receipt !== undefined && <ReceiptFigures receipt={receipt} />}
    </section>
  )
}
