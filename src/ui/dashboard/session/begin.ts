/** How a page begins: with the key of a start-up link, else with the session that this browser may have. */
import { logIn, sessionProblem, start } from "./session.ts"

const REFUSED =
  "The link's key is not this server's. A key that is made at start is another one in another store: look for the newest link in the log."

/** Who is logged in stays so, also by a link that does not work. */
export const begin = async (key: string | undefined): Promise<void> => {
  sessionProblem.set(undefined)
  if (key !== undefined) {
    const answer = await logIn({ apiKey: key })
    if (answer.isOk) return
    sessionProblem.set(answer.status === 401 ? REFUSED : answer.problem)
  }
  await start()
}
