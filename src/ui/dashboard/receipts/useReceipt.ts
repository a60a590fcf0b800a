import { useEffect, useState } from "preact/hooks"
import { useTopic } from "../push/useTopic.ts"
import { ask } from "../session/ask.ts"
import type { Receipt } from "./receipt.ts"

export interface KnownReceipt {
  readonly receipt: Receipt | undefined
  readonly problem: string | undefined
}

/**
 * A receipt as it grows. It is pushed while it is among the newest; one that is older, or was pushed out by newer ones before it was
 * complete, is asked for, at most with each push.
 */
export const useReceipt = (id: string): KnownReceipt => {
  const heard = useTopic("receipts")
  const [known, setKnown] = useState<KnownReceipt>({ receipt: undefined, problem: undefined })
  const pushed = (heard?.shown as ReadonlyArray<Receipt> | undefined)?.find((one) => one.id === id)
  const receipt = pushed ?? (known.receipt?.id === id ? known.receipt : undefined)
  const isSettled = pushed !== undefined || receipt?.isComplete === true
  useEffect(() => {
    if (isSettled) return
    let isCurrent = true
    void ask("GET", `/api/receipts/${encodeURIComponent(id)}`).then((answer) => {
      if (!isCurrent) return
      if (answer.isOk) setKnown({ receipt: answer.value as Receipt, problem: undefined })
      else setKnown((before) => ({ ...before, problem: answer.problem }))
    })
    return () => {
      isCurrent = false
    }
  }, [id, heard, isSettled])
  return { receipt, problem: receipt === undefined ? known.problem : undefined }
}
