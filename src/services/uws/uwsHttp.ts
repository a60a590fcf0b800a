/** Plain HTTP on uWebSockets.js: from its request to a web `Request`, and from a web `Response` to its response. */

import type { HttpRequest, HttpResponse } from "uWebSockets.js"
import { STATUS_CODES } from "node:http"
import type { HttpHandler } from "../Transport.ts"

/** Names that the transport writes itself. */
const OWN_HEADERS = new Set(["content-length", "transfer-encoding", "connection", "date"])

export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? "Unknown"}`

const hasBody = (method: string) => method !== "GET" && method !== "HEAD"

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
  request.forEachHeader((name, value) => headers.append(name, value))

  const body = hasBody(method) ? await readBody(response, bodyLimit) : new Uint8Array()
  const reply =
    body === undefined
      ? new Response("the request body is too large\n", { status: 413 })
      : await handler(new Request(url, hasBody(method) ? { method, headers, body } : { method, headers }))
  const bytes = new Uint8Array(await reply.arrayBuffer())
  if (isAborted) return
  response.cork(() => {
    response.writeStatus(statusLine(reply.status))
    reply.headers.forEach((value, name) => {
      if (!OWN_HEADERS.has(name)) response.writeHeader(name, value)
    })
    if (method === "HEAD") response.endWithoutBody(bytes.length)
    else response.end(bytes)
  })
}
