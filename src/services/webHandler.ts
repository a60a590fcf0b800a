/** Lets a handler of the web's `Request` and `Response` answer plain HTTP: for routes that are not hot. */
import { BROKEN, hasBody, UNACCEPTABLE } from "./httpReply.ts"
import type { PlainAnswer, PlainHandler, PlainRequest } from "./Transport.ts"

/** Headers that a transport writes itself; twice, they would make an answer invalid. */
const OWN_HEADERS = new Set(["content-length", "transfer-encoding", "connection", "date", "keep-alive"])

/** uWebSockets.js lets names and values through that the web does not know; those are left out. */
const webHeaders = (headers: PlainRequest["headers"]): Headers => {
  const known = new Headers()
  for (const [name, value] of headers) {
    try {
      known.append(name, value)
    } catch {}
  }
  return known
}

/** Undefined where the web has no such request: an impossible URL, a method that it forbids. */
const webRequest = ({ method, path, query, headers, body }: PlainRequest): Request | undefined => {
  const url = `http://localhost${path}${query ? `?${query}` : ""}`
  // A HEAD is answered as the GET would be; the transport leaves the body out.
  const init = { method: method === "HEAD" ? "GET" : method, headers: webHeaders(headers) }
  try {
    return new Request(url, hasBody(method) ? { ...init, body: new Uint8Array(body) } : init)
  } catch {
    return undefined
  }
}

const plainAnswer = async (response: Response): Promise<PlainAnswer> => ({
  status: response.status,
  headers: [...response.headers].filter(([name]) => !OWN_HEADERS.has(name)),
  body: new Uint8Array(await response.arrayBuffer())
})

export const fromWebHandler =
  (handler: (request: Request) => Promise<Response>): PlainHandler =>
  (request) => {
    const web = request.path.startsWith("/") ? webRequest(request) : undefined
    if (web === undefined) return UNACCEPTABLE
    return handler(web)
      .then(plainAnswer)
      .catch(() => BROKEN)
  }
