/** How a page begins: with the key of a start-up link, else with the session that this browser may have. */
import { cell } from "../../parts/cell.ts"
import { logIn, session, start } from "./session.ts"

/** What became of the key of the start-up link, where it did not work; the log-in page says it. */
export const linkProblem = cell<string | undefined>(undefined)

const REFUSED =
  "The link's key is not this server's. A key that is made at start is another one in another store: look for the newest link in the log."

export const begin = async (key: string | undefined): Promise<void> => {
  linkProblem.set(undefined)
  if (key !== undefined) {
    const answer = await logIn({ apiKey: key })
    if (answer.isOk) return
    linkProblem.set(answer.status === 401 ? REFUSED : answer.problem)
  }
  await start()
  if (session.get().kind === "in") linkProblem.set(undefined)
}
