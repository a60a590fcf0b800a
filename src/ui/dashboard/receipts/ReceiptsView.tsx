/** Receipts: the newest as they grow, older ones as one asks for them. */
import { useState } from "preact/hooks"
import { Problem } from "../../parts/Problem.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { ask } from "../session/ask.ts"
import { ReceiptPage } from "./ReceiptPage.tsx"
import { ReceiptTable } from "./ReceiptTable.tsx"
import { newestFirst, type Receipt } from "./receipt.ts"

const PAGE = 100
/** Pages of receipts that are all shown already, as they are among the newest, that are passed over at once. */
const MAX_PASSED = 5

interface Older {
  readonly receipts: ReadonlyArray<Receipt>
  /** Of the next page; null where there is none. */
  readonly cursor: string | null | undefined
}

interface Page {
  readonly receipts: ReadonlyArray<Receipt>
  readonly cursor?: string
}

const loadPage = async (cursor: string | undefined): Promise<Page | { readonly problem: string }> => {
  const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`
  const answer = await ask("GET", `/api/receipts?limit=${PAGE}${from}`)
  return answer.isOk ? (answer.value as Page) : { problem: answer.problem }
}

const List = () => {
  const heard = useTopic("receipts")
  const [older, setOlder] = useState<Older>({ receipts: [], cursor: undefined })
  const [problem, setProblem] = useState<string>()
  const load = async () => {
    setProblem(undefined)
    const known = new Set(shown.map(({ id }) => id))
    let { receipts, cursor } = older
    for (let page = 0; page < MAX_PASSED && cursor !== null; page++) {
      const next = await loadPage(cursor)
      if ("problem" in next) return setProblem(next.problem)
      receipts = [...receipts, ...next.receipts]
      cursor = next.cursor ?? null
      if (next.receipts.some(({ id }) => !known.has(id))) break
    }
    setOlder({ receipts, cursor })
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
