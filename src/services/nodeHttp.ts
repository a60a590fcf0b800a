/** Plain HTTP on Node's server: reads whole requests and writes whole answers. */
import type { IncomingMessage, ServerResponse } from "node:http"
import {
  addHeader,
  BROKEN,
  EXCESS_BYTES,
  hasBody,
  isBodiless,
  isStream,
  TOO_LARGE,
  UNACCEPTABLE
} from "./httpReply.ts"
import type { AnswerHeaders, HttpHandler, PlainAnswer, PlainRequest, StreamAnswer } from "./Transport.ts"

const EMPTY = Buffer.alloc(0)

/** The body, or what to answer instead of reading it: too large, or the client went away. */
const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer | PlainAnswer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length
      if (size <= limit) chunks.push(chunk as Buffer)
      else if (size > limit + EXCESS_BYTES) break
    }
  } catch {
    return UNACCEPTABLE
  }
  return size > limit ? TOO_LARGE : Buffer.concat(chunks)
}

export const copyHeaders = ({ rawHeaders }: IncomingMessage): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2)
    addHeader(headers, rawHeaders[i]!.toLowerCase(), rawHeaders[i + 1]!)
  return headers
}

/** The part of a URL before its query, and the query. */
export const splitUrl = (url: string): Pick<PlainRequest, "path" | "query"> => {
  const at = url.indexOf("?")
  return at < 0 ? { path: url, query: "" } : { path: url.slice(0, at), query: url.slice(at + 1) }
}

/** The whole request, or what to answer without asking anyone. @param bodyLimit bytes of a body on this path */
const readNode = async (
  request: IncomingMessage,
  bodyLimit: (path: string) => number
): Promise<PlainRequest | PlainAnswer> => {
  const method = request.method ?? "GET"
  const { path, query } = splitUrl(request.url ?? "/")
  const address = request.socket.remoteAddress ?? ""
  const body = hasBody(method) ? await readBody(request, bodyLimit(path)) : EMPTY
  if (!Buffer.isBuffer(body)) return body
  return { method, path, query, headers: copyHeaders(request), body, address }
}

const flat = (headers: AnswerHeaders): Array<string> => headers.flat()

/** Writes an answer; nothing happens when the client has gone. */
const writeNode = (request: IncomingMessage, response: ServerResponse, answer: PlainAnswer): void => {
  if (response.destroyed) return
  const { status, body } = answer
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.length
  const headers = flat(answer.headers)
  if (!isBodiless(status)) headers.push("content-length", String(length))
  // What is left of a body that was too large is not read: the connection ends with the answer.
  if (!request.complete) headers.push("connection", "close")
  response.writeHead(status, headers)
  response.end(request.method === "HEAD" || isBodiless(status) ? undefined : body)
}

/** Opens the stream that an answer is; or gives the answer that the client gets instead. */
export type OpenStream = (
  request: PlainRequest,
  response: ServerResponse,
  answer: StreamAnswer
) => Promise<PlainAnswer | undefined>

/** Answers one request. Does not reject. @param bodyLimit bytes that a body may have, by path */
export const answerNode = async (
  request: IncomingMessage,
  response: ServerResponse,
  bodyLimit: (path: string) => number,
  handler: HttpHandler,
  openStream: OpenStream
): Promise<void> => {
  try {
    const read = await readNode(request, bodyLimit)
    if ("status" in read) return writeNode(request, response, read)
    const answer = await handler(read)
    if (!isStream(answer)) return writeNode(request, response, answer)
    const instead = await openStream(read, response, answer)
    if (instead !== undefined) writeNode(request, response, instead)
  } catch {
    if (response.headersSent) response.destroy()
    else writeNode(request, response, BROKEN)
  }
}
