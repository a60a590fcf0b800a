import { useEffect, useMemo } from "preact/hooks"
import { cell } from "../../parts/cell.ts"
import { useCell } from "../../parts/useCell.ts"
import { listen, stateOf } from "../push/topics.ts"
import type { Receipt } from "../receipts/receipt.ts"
import { type WriteTime, withReceipts } from "./writeTimes.ts"

const known = cell<ReadonlyArray<WriteTime>>([])

const follow = (): (() => void) => {
  const state = stateOf("receipts")
  const add = () => {
    const heard = state.get()
    if (heard !== undefined) known.update((all) => withReceipts(all, heard.shown as ReadonlyArray<Receipt>))
  }
  const ends = [state.watch(add), listen("receipts")]
  add()
  return () => {
    for (const end of ends) end()
  }
}

/** Those since that time. */
export const useWriteTimes = (since: number): ReadonlyArray<WriteTime> => {
  const all = useCell(known)
  useEffect(follow, [])
  return useMemo(() => all.filter(({ at }) => at >= since), [all, since])
}
