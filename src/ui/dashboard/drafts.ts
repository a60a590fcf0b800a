/** What was typed into forms and not yet sent. It outlives views, lost connections and sessions; it goes with the page, or by logging out. */
import { type Cell, cell } from "../parts/cell.ts"
import { useCell } from "../parts/useCell.ts"

const drafts = new Map<string, Cell<string>>()

const draftOf = (name: string, initial: string): Cell<string> => {
  const known = drafts.get(name)
  if (known !== undefined) return known
  const made = cell(initial)
  drafts.set(name, made)
  return made
}

/** @param name of the field, one of the whole page */
export const useDraft = (name: string, initial = ""): [string, (text: string) => void] => {
  const draft = draftOf(name, initial)
  return [useCell(draft), draft.set]
}

export const forgetDrafts = (): void => drafts.clear()
