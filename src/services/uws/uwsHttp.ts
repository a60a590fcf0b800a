/** Plain HTTP on uWebSockets.js: from its request to a web `Request`, and from a web `Response` to its response. */

import type { HttpRequest, HttpResponse } from "uWebSockets.js"
import { STATUS_CODES } from "node:http"
import { broken, hasBody, makeRequest, replyHeaders, tooLarge, unacceptable } from "../httpReply.ts"
import type { HttpHandler } from "../Transport.ts"

export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? "Unknown"}`

/** uWebSockets.js lets names and values through that the web does not know; those are left out. */
const appendHeader = (headers: Headers, name: string, value: string): void => {
  try {
    headers.append(name, value)
  } catch {}
}

/** The body, or undefined when it is larger than `limit`. Never settles when the client goes away first. */
const readBody = (response: HttpResponse, limit: number): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Array<Buffer> = []
    let size = 0
    response.onData((chunk, isLast) => {
      size += chunk.byteLength
      // The chunk's memory is the socket's: it is copied, but not beyond the limit.
      if (size <= limit) chunks.push(Buffer.from(Buffer.from(chunk)))
      else chunks.length = 0
      if (isLast) resolve(size <= limit ? Buffer.concat(chunks) : undefined)
    })
  })

/** Answers one request. @param origin scheme and host that relative URLs stand on */
export const answer = async (
  response: HttpResponse,
  request: HttpRequest,
  origin: string,
  bodyLimit: number,
  handler: HttpHandler
): Promise<void> => {
  let isAborted = false
  response.onAborted(() => {
    isAborted = true
  })
  // The request object lives only until the first await: everything is copied before.
  const method = request.getMethod().toUpperCase()
  const query = request.getQuery()
  const url = `${origin}${request.getUrl()}${query ? `?${query}` : ""}`
  const headers = new Headers()
  request.forEachHeader((name, value) => appendHeader(headers, name, value))

  const body = hasBody(method) ? await readBody(response, bodyLimit) : new Uint8Array()
  const web = body === undefined ? undefined : makeRequest(url, method, headers, body)
  const reply =
    body === undefined ? tooLarge() : web === undefined ? unacceptable() : await handler(web).catch(broken)
  const bytes = new Uint8Array(await reply.arrayBuffer())
  if (isAborted) return
  response.cork(() => {
    response.writeStatus(statusLine(reply.status))
    for (const [name, value] of replyHeaders(reply)) response.writeHeader(name, value)
    if (method === "HEAD") response.endWithoutBody(bytes.length)
    else response.end(bytes)
  })
}
