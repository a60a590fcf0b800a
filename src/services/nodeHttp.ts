/** Plain HTTP on Node's server: from its request to a web `Request`, and from a web `Response` to its response. */
import type { IncomingMessage, ServerResponse } from "node:http"
import { hasBody, makeRequest, replyHeaders, tooLarge, unacceptable } from "./httpReply.ts"
import type { HttpHandler } from "./Transport.ts"

/** The body, or undefined when it is larger than `limit`; rejects when the client goes away first. */
const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer | undefined> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > limit) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

const copyHeaders = (request: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    headers.append(request.rawHeaders[i]!, request.rawHeaders[i + 1]!)
  return headers
}

/** Answers one request. @param origin scheme and host that relative URLs stand on */
export const answerNode = async (
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  bodyLimit: number,
  handler: HttpHandler
): Promise<void> => {
  const method = request.method ?? "GET"
  try {
    const body = hasBody(method) ? await readBody(request, bodyLimit) : new Uint8Array()
    const headers = copyHeaders(request)
    const web = body === undefined ? undefined : makeRequest(`${origin}${request.url}`, method, headers, body)
    const reply = body === undefined ? tooLarge() : web === undefined ? unacceptable() : await handler(web)
    const bytes = new Uint8Array(await reply.arrayBuffer())
    // What is left of a body that was too large is not read: the connection ends with the answer.
    if (body === undefined) response.setHeader("connection", "close")
    response.writeHead(
      reply.status,
      [...replyHeaders(reply), ["content-length", String(bytes.length)]].flat()
    )
    response.end(method === "HEAD" ? undefined : bytes)
  } catch {
    // The client went away.
    if (!response.headersSent && !response.destroyed) response.writeHead(400).end()
  }
}
