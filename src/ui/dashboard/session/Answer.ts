/** What came of a request: the body where it went well, else a sentence for the person who asked. */
export type Answer =
  | {
      readonly isOk: true
      readonly status: number
      /** As it came: payloads in it are to stay what they are. */
      readonly text: string
      /** The object or array that the text is; undefined where the status is 204. */
      readonly value: unknown
    }
  | {
      readonly isOk: false
      /** 0: no answer came. */
      readonly status: number
      readonly problem: string
      readonly text: string
      /** Seconds to wait, where the server said so. */
      readonly retryAfter?: number
    }

interface ErrorBody {
  readonly message?: unknown
  readonly error?: unknown
  readonly problems?: unknown
}

/** The object or array that a text is, as all answers of the server's APIs are; undefined where it is anything else. */
export const jsonOf = (text: string): object | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

const NOT_OURS =
  "What answered is not this server: it may be a proxy before it, or another program at its address."

const NO_CONTENT = 204

/** An answer that says that all went well. A proxy, or another server at this address, answers all paths with pages of its own. */
export const succeeded = (status: number, text: string): Answer => {
  const value = jsonOf(text)
  return value !== undefined || status === NO_CONTENT
    ? { isOk: true, status, text, value }
    : { isOk: false, status, text, problem: NOT_OURS }
}

const listed = (problems: unknown): string =>
  Array.isArray(problems)
    ? problems.map(({ where, message }) => `\n${where === "" ? "" : `${where}: `}${message}`).join("")
    : ""

/** What the server says is wrong, in any of the forms in which its APIs say it. */
export const saidOf = (text: string): string | undefined => {
  const body: ErrorBody = jsonOf(text) ?? {}
  if (typeof body.message === "string") return body.message
  const error = (typeof body.error === "object" && body.error !== null ? body.error : {}) as ErrorBody
  return typeof error.message === "string" ? `${error.message}${listed(error.problems)}` : undefined
}

const known: Readonly<Record<number, string>> = {
  400: "The server does not understand the request.",
  401: "The session is over: log in again.",
  403: "The server refused the request, as it seems to come from another page.",
  404: "There is no such thing, or no longer.",
  413: "It is too large for the server: limits.requestSize says how large a request may be.",
  429: "Too many attempts: wait a little and try again.",
  503: "The server cannot do this at the moment: try again.",
  504: "The server took too long."
}

export const problemOf = (status: number, text: string): string =>
  saidOf(text) ?? known[status] ?? `The server answered with status ${status}.`
