/** What both transports need to know of HTTP beyond the web's `Request` and `Response`. */

/** Headers that a transport writes itself; twice, they would make an answer invalid. */
const OWN_HEADERS = new Set(["content-length", "transfer-encoding", "connection", "date", "keep-alive"])

/** The headers of an answer that are to be passed on. */
export const replyHeaders = (reply: Response): ReadonlyArray<readonly [name: string, value: string]> =>
  [...reply.headers].filter(([name]) => !OWN_HEADERS.has(name))

/** Whether a request with this method may carry a body into a `Request`. */
export const hasBody = (method: string): boolean => method !== "GET" && method !== "HEAD"

export const tooLarge = (): Response => new Response("the request body is too large\n", { status: 413 })

/** A web `Request`; undefined where none can be made: an impossible URL, a method the web forbids. */
export const makeRequest = (
  url: string,
  method: string,
  headers: Headers,
  body: Uint8Array
): Request | undefined => {
  try {
    return new Request(url, hasBody(method) ? { method, headers, body } : { method, headers })
  } catch {
    return undefined
  }
}

export const unacceptable = (): Response =>
  new Response("this request cannot be understood\n", { status: 400 })

/** The handler promises not to reject; should it all the same, the client gets an answer and the process goes on. */
export const broken = (): Response => new Response("internal server error\n", { status: 500 })
