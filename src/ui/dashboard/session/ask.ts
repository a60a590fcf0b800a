/** Requests of somebody who is logged in. */
import type { Answer } from "./Answer.ts"
import { type Method, request } from "./request.ts"
import { check, csrf, expire } from "./session.ts"

/**
 * A session that is over ends in the log-in page, and whoever asked hears so. Where the server does not know the page's CSRF token, as
 * somebody logged in anew in another tab, the present one is asked for, once.
 */
export const ask = async (method: Method, path: string, body?: string): Promise<Answer> => {
  const before = csrf()
  const answer = await request(method, path, body, before)
  if (answer.isOk) return answer
  if (answer.status === 401) expire(answer.text)
  if (answer.status !== 403 || method === "GET") return answer
  const now = await check()
  return now === undefined || now.csrf === before ? answer : request(method, path, body, now.csrf)
}

/** What the server API answers with status 200: `{"result":…}`, or `{"error":{"code","message"}}`. */
export type ApiAnswer<A> =
  | { readonly isOk: true; readonly result: A; readonly text: string }
  /** @member code of the server API, 0 where the request itself failed */
  | { readonly isOk: false; readonly code: number; readonly problem: string }

/** A method of the server API. */
export const command = async <A>(method: string, body: string): Promise<ApiAnswer<A>> => {
  const answer = await ask("POST", `/api/${method}`, body)
  if (!answer.isOk) return { isOk: false, code: 0, problem: answer.problem }
  const { result, error } = answer.value as {
    result?: A
    error?: { code: number; message: string }
  }
  return error === undefined
    ? { isOk: true, result: result as A, text: answer.text }
    : { isOk: false, code: error.code, problem: `${error.message} (error ${error.code})` }
}
