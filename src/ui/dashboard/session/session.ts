/** Who is logged in: the state of this page's session, how it begins and how it ends. */
import {
  type AdminSession,
  adminPaths,
  type LogIn,
  type Nobody,
  type Refused
} from "../../../protocol/dashboard.ts"
import { cell } from "../../parts/cell.ts"
import { type Answer, jsonOf } from "./Answer.ts"
import { request } from "./request.ts"

export type SessionState =
  /** Not yet known; `problem` says why not, where the server was asked and did not say. */
  | { readonly kind: "unknown"; readonly problem?: string }
  | { readonly kind: "in"; readonly session: AdminSession }
  /** @member notice why, where it is not the reader's own doing */
  | { readonly kind: "out"; readonly hasPassword: boolean; readonly notice?: string }

export const session = cell<SessionState>({ kind: "unknown" })

/** What went wrong with logging out, or with logging in by a link, until something goes well or somebody has read it. */
export const sessionProblem = cell<string | undefined>(undefined)

/** How often a server that does not answer is asked again, while there is nothing else to show. */
const RETRY_MS = 2_000
/** Soonest that a session is looked at again: the clocks of browser and server may differ. */
const SHORTEST_TIMER = 60_000
/** Timers of browsers cannot be longer. */
const LONGEST_TIMER = 2 ** 31 - 1

let expiry: ReturnType<typeof setTimeout> | undefined
/** Logging out, under way. */
let leaving: Promise<Answer> | undefined

const enter = (begun: AdminSession): void => {
  session.set({ kind: "in", session: begun })
  clearTimeout(expiry)
  // Asked when the time is over: it may have been made longer by another page.
  expiry = setTimeout(
    check,
    Math.min(LONGEST_TIMER, Math.max(SHORTEST_TIMER, begun.expiresAt - Date.now() + 500))
  )
}

const EXPIRED =
  "Your session is over. Log in again: you come back to where you were, and what you typed is still there."

/** There is no session: the one that was there is over, or there was none. @param text the server's answer: `Refused` or `Nobody` */
export const expire = (text: string): void => {
  clearTimeout(expiry)
  const before = session.get()
  const refused: Partial<Refused> = jsonOf(text) ?? {}
  const hasPassword = refused.hasPassword ?? (before.kind === "in" && before.session.hasPassword)
  if (before.kind === "in") session.set({ kind: "out", hasPassword, notice: EXPIRED })
  else if (before.kind === "unknown") session.set({ kind: "out", hasPassword })
}

const isSession = (value: AdminSession | Nobody): value is AdminSession => "csrf" in value

const look = async (): Promise<Answer> => {
  const answer = await request("GET", adminPaths.session)
  const who = answer.isOk ? (answer.value as AdminSession | Nobody) : undefined
  if (who !== undefined && isSession(who)) enter(who)
  else if (answer.isOk || answer.status === 401) expire(answer.text)
  return answer
}

/** Asks the server who this is. Undefined where it does not answer, or the session is over. */
export const check = async (): Promise<AdminSession | undefined> => {
  // Who has just logged out is nobody, which needs no question.
  if (leaving !== undefined && !isStillIn(await leaving)) return undefined
  const answer = await look()
  const now = session.get()
  return answer.isOk && now.kind === "in" ? now.session : undefined
}

/** What is needed for requests that change something. */
export const csrf = (): string | undefined => {
  const now = session.get()
  return now.kind === "in" ? now.session.csrf : undefined
}

export const logIn = async (how: LogIn): Promise<Answer> => {
  const answer = await request("POST", adminPaths.logIn, JSON.stringify(how))
  if (answer.isOk) {
    sessionProblem.set(undefined)
    enter(answer.value as AdminSession)
  }
  return answer
}

/** Whether logging out came to nothing, as far as its answer says: 401 says that there was no session any more. */
const isStillIn = (answer: Answer): answer is Extract<Answer, { isOk: false }> =>
  !answer.isOk && answer.status !== 401

export const logOut = async (): Promise<Answer> => {
  // The server ends the page's connection meanwhile, and with it the page may have heard that the session is over.
  const before = session.get()
  leaving = request("POST", adminPaths.logOut, "{}", csrf())
  const answer = await leaving
  leaving = undefined
  sessionProblem.set(
    isStillIn(answer) ? `You are still logged in, as far as is known. ${answer.problem}` : undefined
  )
  if (!isStillIn(answer) && before.kind === "in") {
    clearTimeout(expiry)
    session.set({ kind: "out", hasPassword: before.session.hasPassword, notice: "You are logged out." })
  }
  return answer
}

/** The first question, asked until somebody answers. */
export const start = async (): Promise<void> => {
  const answer = await look()
  if (answer.isOk || session.get().kind !== "unknown") return
  session.set({ kind: "unknown", problem: answer.problem })
  setTimeout(start, RETRY_MS)
}
