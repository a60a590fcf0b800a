/** Schedules of a state, page by page. */
import type { Answer } from "../session/Answer.ts"
import type { Schedule } from "./schedule.ts"

/** Of one request: of a list that is looked at anew at most what the server gives at once. */
const PAGE = 100
const MAX_PAGE = 1_000

export interface Page {
  readonly schedules: ReadonlyArray<Schedule>
  /** Where the rest begins; absent where there is none. */
  readonly cursor?: string | undefined
}

/** `ask` of the session. */
export type Ask = (method: "GET", path: string) => Promise<Answer>

const addressOf = (state: string, limit: number, cursor: string | undefined): string =>
  `/api/schedules?${new URLSearchParams({ state, limit: String(limit), ...(cursor && { cursor }) })}`

/**
 * The next page, and pages behind it until there are as many as were shown before: whoever looks again does not lose what they had.
 *
 * @param least how many are wanted, if there are so many; a page at least
 */
export const loadSchedules = async (
  ask: Ask,
  state: string,
  least: number,
  from?: string
): Promise<Page | { readonly problem: string }> => {
  const schedules: Array<Schedule> = []
  let cursor = from
  do {
    const limit = Math.min(MAX_PAGE, Math.max(PAGE, least - schedules.length))
    const answer = await ask("GET", addressOf(state, limit, cursor))
    if (!answer.isOk) return { problem: answer.problem }
    const page = answer.value as Page
    schedules.push(...page.schedules)
    cursor = page.cursor
  } while (cursor !== undefined && schedules.length < least)
  return { schedules, cursor }
}
