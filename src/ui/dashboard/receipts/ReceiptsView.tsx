/** Receipts: the newest as they grow, older ones as one asks for them. */
import { useState } from "preact/hooks"
import { Problem } from "../../parts/Problem.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { ask } from "../session/ask.ts"
import { ReceiptPage } from "./ReceiptPage.tsx"
import { ReceiptTable } from "./ReceiptTable.tsx"
import { newestFirst, type Receipt } from "./receipt.ts"

const PAGE = 50

interface Older {
  readonly receipts: ReadonlyArray<Receipt>
  /** Of the next page; null where there is none. */
  readonly cursor: string | null | undefined
}

const List = () => {
  const heard = useTopic("receipts")
  const [older, setOlder] = useState<Older>({ receipts: [], cursor: undefined })
  const [problem, setProblem] = useState<string>()
  const load = async () => {
    const from = older.cursor ? `&cursor=${encodeURIComponent(older.cursor)}` : ""
    const answer = await ask("GET", `/api/receipts?limit=${PAGE}${from}`)
    if (!answer.isOk) return setProblem(answer.problem)
    const { receipts, cursor } = JSON.parse(answer.text) as { receipts: Array<Receipt>; cursor?: string }
    setProblem(undefined)
    setOlder({ receipts: [...older.receipts, ...receipts], cursor: cursor ?? null })
  }
  const shown = newestFirst([...older.receipts, ...((heard?.shown ?? []) as ReadonlyArray<Receipt>)])
  return (
    <>
      <TopicProblem topic="receipts" />
      <section class="panel" aria-label="Receipts">
        <ReceiptTable
          receipts={shown}
          empty={
            heard === undefined ? "Waiting for the list…" : "Nothing that keeps a receipt has been published."
          }
        />
      </section>
      <Problem text={problem} />
      {older.cursor === null ? (
        <p class="hint">These are all receipts that are kept.</p>
      ) : (
        <div class="buttons">
          <button type="button" onClick={load}>
            Older receipts
          </button>
        </div>
      )}
    </>
  )
}

export const ReceiptsView = ({ id }: { readonly id: string | undefined }) =>
  id === undefined ? <List /> : <ReceiptPage id={id} />
