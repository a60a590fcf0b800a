/** Plain HTTP on uWebSockets.js: reads whole requests and writes whole answers. What is answered at once makes no promise. */

import type { HttpRequest, HttpResponse } from "uWebSockets.js"
import { STATUS_CODES } from "node:http"
import {
  addHeader,
  BROKEN,
  EXCESS_BYTES,
  hasBody,
  isBodiless,
  isStream,
  TOO_LARGE,
  UNACCEPTABLE
} from "../httpReply.ts"
import type { ConnectRequest, HttpHandler, PlainAnswer, PlainRequest, StreamAnswer } from "../Transport.ts"

export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? "Unknown"}`

const text = new TextDecoder()
export const addressOf = (response: HttpResponse): string => text.decode(response.getRemoteAddressAsText())

const EMPTY = Buffer.alloc(0)

const copyHeaders = (request: HttpRequest): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>()
  request.forEachHeader((name, value) => addHeader(headers, name, value))
  return headers
}

/** A copy of a handshake: the request object lives only as long as its handler runs. */
export const copyHandshake = (response: HttpResponse, request: HttpRequest): ConnectRequest => {
  const query = request.getQuery()
  return {
    url: query ? `${request.getUrl()}?${query}` : request.getUrl(),
    headers: copyHeaders(request),
    address: addressOf(response)
  }
}

/** One request on its way to an answer: what was copied of it, and the response as long as there is one. */
export class UwsExchange implements PlainRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: ReadonlyMap<string, string>
  body: Buffer = EMPTY

  /** @param response undefined when the client has gone, or the answer has been given: it must not be touched then */
  constructor(
    public response: HttpResponse | undefined,
    request: HttpRequest
  ) {
    this.method = request.getCaseSensitiveMethod().toUpperCase()
    this.path = request.getUrl()
    this.query = request.getQuery() ?? ""
    this.headers = copyHeaders(request)
  }

  get address(): string {
    return this.response === undefined ? "" : addressOf(this.response)
  }

  write(answer: PlainAnswer, isLast = false): void {
    const { response } = this
    if (response === undefined) return
    this.response = undefined
    response.cork(() => writeAnswer(response, answer, this.method === "HEAD", isLast))
  }
}

export const writeAnswer = (
  response: HttpResponse,
  { status, headers, body }: PlainAnswer,
  isHead: boolean,
  isLast: boolean
): void => {
  response.writeStatus(statusLine(status))
  for (const [name, value] of headers) response.writeHeader(name, value)
  if (!isHead && !isBodiless(status)) {
    if (body.length > LARGE_CHARACTERS)
      endLarge(response, typeof body === "string" ? Buffer.from(body) : body)
    else response.end(body, isLast)
    return
  }
  // Given a length, `endWithoutBody` waits for a body of that length, and cuts a client that asks again before.
  if (!isBodiless(status)) response.writeHeader("content-length", String(Buffer.byteLength(body as string)))
  response.endWithoutBody()
}

/**
 * Larger bodies are handed over as the client takes them. Given at once, what does not fit the cork buffer of 16 KiB is lost when the kernel
 * takes that buffer only in part (seen with @rjweb/uws 1.5.0).
 */
const LARGE_CHARACTERS = 4096

const endLarge = (response: HttpResponse, body: Uint8Array): void => {
  response.onWritable((offset) => response.tryEnd(body.subarray(offset), body.length)[0])
  response.tryEnd(body, body.length)
}

/** Answers requests. @param openStream takes the exchanges whose answer goes on */
export const answerer = (
  bodyLimit: (path: string) => number,
  handler: HttpHandler,
  openStream: (exchange: UwsExchange, answer: StreamAnswer) => void
) => {
  const give = (exchange: UwsExchange, answer: PlainAnswer | StreamAnswer): void => {
    // Later, out of the cork in which uWebSockets.js calls us: a stream counts on corks of its own.
    if (isStream(answer)) setImmediate(openStream, exchange, answer)
    else exchange.write(answer)
  }

  const ask = (exchange: UwsExchange): void => {
    try {
      const answer = handler(exchange)
      if (!(answer instanceof Promise)) return give(exchange, answer)
      answer.then(
        (later) => give(exchange, later),
        () => exchange.write(BROKEN)
      )
    } catch {
      exchange.write(BROKEN)
    }
  }

  const readThenAsk = (exchange: UwsExchange, response: HttpResponse): void => {
    const limit = bodyLimit(exchange.path)
    let chunks: Array<Buffer> | undefined
    let size = 0
    response.onData((chunk, isLast) => {
      // With a head that came alone comes a chunk of nothing.
      if (chunk.byteLength === 0 && !isLast) return
      size += chunk.byteLength
      if (size > limit) {
        chunks = undefined
        // What is read of it is thrown away, so that the client gets to read the answer; then it is cut.
        if (isLast || size > limit + EXCESS_BYTES) exchange.write(TOO_LARGE, !isLast)
        return
      }
      // The chunk's memory is the socket's: it is copied.
      const copy = Buffer.from(Buffer.from(chunk))
      if (!isLast) {
        chunks ??= []
        chunks.push(copy)
        return
      }
      exchange.body = chunks === undefined ? copy : Buffer.concat([...chunks, copy])
      ask(exchange)
    })
  }

  return (response: HttpResponse, request: HttpRequest): void => {
    const exchange = new UwsExchange(response, request)
    response.onAborted(() => {
      exchange.response = undefined
    })
    if (!exchange.path.startsWith("/")) exchange.write(UNACCEPTABLE)
    else if (hasBody(exchange.method)) readThenAsk(exchange, response)
    else ask(exchange)
  }
}
