/** One HTTP request to the server that this page is from. Never throws: whatever happens is an answer. */
import { CSRF_HEADER } from "../../../protocol/dashboard.ts"
import { type Answer, problemOf, succeeded } from "./Answer.ts"

export type Method = "GET" | "POST" | "PATCH" | "DELETE"

/** A server that takes longer does not answer. */
const PATIENCE_MS = 20_000

const unanswered = (method: Method): Answer => ({
  isOk: false,
  status: 0,
  text: "",
  problem:
    method === "GET"
      ? "The server does not answer."
      : "The server did not answer. Whether it did what was asked is not known: look before you try again."
})

const secondsOf = (response: Response): { retryAfter?: number } => {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN)
  return Number.isFinite(seconds) ? { retryAfter: seconds } : {}
}

export const request = async (
  method: Method,
  path: string,
  body?: string,
  csrf?: string
): Promise<Answer> => {
  try {
    const response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(csrf === undefined ? {} : { [CSRF_HEADER]: csrf })
      },
      ...(body === undefined ? {} : { body })
    })
    const text = await response.text()
    const { status } = response
    if (response.ok) return succeeded(status, text)
    return { isOk: false, status, text, problem: problemOf(status, text), ...secondsOf(response) }
  } catch {
    return unanswered(method)
  }
}
