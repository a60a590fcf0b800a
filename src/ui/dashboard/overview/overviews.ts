/** The history of overviews that this page has: what the server kept of the last ten minutes, and what was pushed since. */
import { adminPaths, type Overview } from "../../../protocol/dashboard.ts"
import { cell } from "../../parts/cell.ts"
import { listen, stateOf } from "../push/topics.ts"
import { isVisible } from "../push/visibility.ts"
import { ask } from "../session/ask.ts"
import { append, merge } from "./timeline.ts"

export const overviews = cell<ReadonlyArray<Overview>>([])

/** Why there may be a gap in them. */
export const fillProblem = cell<string | undefined>(undefined)

/** Whatever was missed while this page did not listen, another may have been there for. */
const fill = async () => {
  const answer = await ask("GET", adminPaths.overview)
  fillProblem.set(
    answer.isOk ? undefined : `What was before this page looked could not be loaded. ${answer.problem}`
  )
  if (!answer.isOk) return
  const more = answer.value as ReadonlyArray<Overview>
  overviews.update((known) => merge(known, more))
}

/** Listens while a view shows it. @returns ends it */
export const follow = (): (() => void) => {
  const state = stateOf("overview")
  const ends = [
    state.watch((newest) => newest && overviews.update((known) => append(known, newest))),
    isVisible.watch((isSeen) => isSeen && void fill()),
    listen("overview")
  ]
  void fill()
  return () => {
    for (const end of ends) end()
  }
}
