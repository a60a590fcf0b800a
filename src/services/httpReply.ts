/** What both transports need to know of HTTP: bodies, headers that come twice, and the answers that they give themselves. */

import type { ServerConfigValue } from "../config/ServerConfig.ts"
import type { Refusal } from "./hot/Admission.ts"
import { refusalHeaders } from "./hot/upgradeRequest.ts"
import type {
  AnswerHeaders,
  ConnectRequest,
  HttpAnswer,
  ListenOptions,
  PlainAnswer,
  PlainRequest,
  StreamAnswer
} from "./Transport.ts"

/** Whether a request with this method changes nothing. */
export const isRead = (method: string): boolean => method === "GET" || method === "HEAD"

/** Whether a request with this method may carry a body that anyone reads. */
export const hasBody = (method: string): boolean => !isRead(method)

/** Whether an answer with this status has no body, and says nothing of a length. */
export const isBodiless = (status: number): boolean => status === 204 || status === 304

/** What is read of a body beyond its limit, so that the client gets to read the answer; then the socket is cut. */
export const EXCESS_BYTES = 1_048_576

/** Adds a header to those that came before it. */
export const addHeader = (headers: Map<string, string>, name: string, value: string): void => {
  const before = headers.get(name)
  headers.set(name, before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`)
}

const PLAIN: AnswerHeaders = [["content-type", "text/plain; charset=utf-8"]]

export const plainText = (status: number, line: string, headers: AnswerHeaders = []): PlainAnswer => ({
  status,
  headers: headers.length === 0 ? PLAIN : [...PLAIN, ...headers],
  body: `${line}\n`
})

export const TOO_LARGE = plainText(413, "the request body is too large")
export const UNACCEPTABLE = plainText(400, "this request cannot be understood")
/** A handler promises not to fail; should it all the same, the client gets an answer and the process goes on. */
export const BROKEN = plainText(500, "internal server error")

export const isStream = (answer: HttpAnswer): answer is StreamAnswer => "opening" in answer

/** A stream that is not admitted. Pages of other origins may read why, where they may read the stream. */
export const refusedStream = (refusal: Refusal, { headers }: StreamAnswer): PlainAnswer => ({
  status: refusal.status,
  headers: [
    ...refusalHeaders(refusal),
    ...headers.filter(([name]) => /^(access-control-|vary$)/i.test(name))
  ],
  body: `${refusal.message}\n`
})

/** The handshake that a request for a stream is. */
export const handshakeOf = ({ path, query, headers, address }: PlainRequest): ConnectRequest => ({
  url: query ? `${path}?${query}` : path,
  headers,
  address
})

/** Bytes that the body of a request to a path may have. */
export const bodyLimits =
  (options: ListenOptions, { limits }: ServerConfigValue) =>
  (path: string): number =>
    options.bodyLimits?.get(path) ?? limits.requestSize
