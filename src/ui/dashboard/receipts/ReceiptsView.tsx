/** Receipts: the newest as they grow, older ones as one asks for them. */
import { useEffect, useState } from "preact/hooks"
import { Button } from "../../parts/Button.tsx"
import { Problem } from "../../parts/Problem.tsx"
import { TopicProblem } from "../push/TopicProblem.tsx"
import { useTopic } from "../push/useTopic.ts"
import { ask } from "../session/ask.ts"
import { ReceiptPage } from "./ReceiptPage.tsx"
import { ReceiptTable } from "./ReceiptTable.tsx"
import type { Receipt } from "./receipt.ts"
import { NO_RECEIPTS, withOlder, withPushed } from "./receiptList.ts"

const PAGE = 100
/** Pages of receipts that are all shown already, as they are among the newest, that are passed over at once. */
const MAX_PASSED = 5

interface Page {
  readonly receipts: ReadonlyArray<Receipt>
  readonly cursor?: string
}

const loadPage = async (cursor: string | undefined): Promise<Page | { readonly problem: string }> => {
  const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`
  const answer = await ask("GET", `/api/receipts?limit=${PAGE}${from}`)
  return answer.isOk ? (answer.value as Page) : { problem: answer.problem }
}

interface Loaded {
  readonly older: ReadonlyArray<Receipt>
  readonly cursor: string | null
}

/** The next pages, until one has what is not known. */
const loadOlder = async (
  known: ReadonlyArray<Receipt>,
  from: string | undefined
): Promise<Loaded | { readonly problem: string }> => {
  const ids = new Set(known.map(({ id }) => id))
  const older: Array<Receipt> = []
  let cursor: string | null | undefined = from
  for (let page = 0; page < MAX_PASSED && cursor !== null; page++) {
    const next = await loadPage(cursor)
    if ("problem" in next) return next
    older.push(...next.receipts)
    cursor = next.cursor ?? null
    if (next.receipts.some(({ id }) => !ids.has(id))) break
  }
  return { older, cursor: cursor ?? null }
}

const useReceipts = () => {
  const heard = useTopic("receipts")
  const pushed = (heard?.shown ?? []) as ReadonlyArray<Receipt>
  const [list, setList] = useState(() => withPushed(NO_RECEIPTS, pushed))
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string>()
  useEffect(() => {
    if (heard !== undefined) setList((now) => withPushed(now, pushed))
  }, [heard])
  const load = async () => {
    const from = list.cursor ?? undefined
    setBusy(true)
    const came = await loadOlder(list.receipts, from)
    setBusy(false)
    setProblem("problem" in came ? came.problem : undefined)
    if ("older" in came) setList((now) => withOlder(now, came.older, from, came.cursor))
  }
  return { isKnown: heard !== undefined, list, isBusy, problem, load }
}

const List = () => {
  const { isKnown, list, isBusy, problem, load } = useReceipts()
  return (
    <>
      <TopicProblem topic="receipts" />
      <p role="status" class={list.isAnew ? "notice" : "hidden"}>
        {list.isAnew &&
          "So many were published at once that some were not heard of: the list begins with the newest again."}
      </p>
      <section class="panel" aria-label="Receipts">
        <ReceiptTable
          receipts={list.receipts}
          empty={isKnown ? "Nothing that keeps a receipt has been published." : "Waiting for the list…"}
        />
      </section>
      <Problem text={problem} />
      {list.cursor === null ? (
        <p class="hint">These are all receipts that are kept.</p>
      ) : (
        <div class="buttons">
          <Button isBusy={isBusy} onClick={load}>
            Older receipts
          </Button>
        </div>
      )}
    </>
  )
}

export const ReceiptsView = ({ id }: { readonly id: string | undefined }) =>
  id === undefined ? <List /> : <ReceiptPage id={id} />
