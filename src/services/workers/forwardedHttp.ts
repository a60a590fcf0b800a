/**
 * Plain HTTP that lands in a worker is answered by the primary, so that every process answers the same: the worker copies the request
 * into a message, and the answer comes back in another.
 */
import * as Effect from "effect/Effect"
import { broken, hasBody, makeRequest, unacceptable } from "../httpReply.ts"
import type { HttpHandler } from "../Transport.ts"
import type { ForwardedRequest, ForwardedResponse } from "./messages.ts"

/** Requests of one worker that may wait for the primary; more are answered with 503. */
const MAX_PENDING = 1000
/** Time for the primary to answer. */
const TIMEOUT = "30 seconds"

const unavailable = (status: 503 | 504): Response =>
  new Response("the primary process does not answer\n", { status, headers: { "retry-after": "1" } })

/** In a worker: the requests that wait for their answers. */
export class Forwarder {
  readonly #pending = new Map<number, (response: Response) => void>()
  #next = 0

  constructor(readonly send: (request: ForwardedRequest) => void) {}

  readonly handle: HttpHandler = async (request) => {
    const { url, method } = request
    const body = hasBody(method) ? new Uint8Array(await request.arrayBuffer()) : new Uint8Array()
    if (this.#pending.size >= MAX_PENDING) return unavailable(503)
    const id = this.#next++
    const answer = Effect.callback<Response>((resume) => {
      this.#pending.set(id, (response) => resume(Effect.succeed(response)))
      this.send({ id, url, method, headers: [...request.headers], body })
    })
    return Effect.runPromise(
      answer.pipe(
        Effect.timeoutOrElse({ duration: TIMEOUT, orElse: () => Effect.succeed(unavailable(504)) }),
        Effect.ensuring(Effect.sync(() => void this.#pending.delete(id)))
      )
    )
  }

  answered({ id, status, headers, body }: ForwardedResponse): void {
    const isBodiless = status === 204 || status === 304 || status < 200
    const response = new Response(isBodiless ? null : body, {
      status,
      headers: headers.map(([n, v]) => [n, v])
    })
    this.#pending.get(id)?.(response)
  }
}

/** In the primary: answers one. Does not reject. */
export const answerForwarded = async (
  { id, url, method, headers, body }: ForwardedRequest,
  http: HttpHandler
): Promise<ForwardedResponse> => {
  const request = makeRequest(url, method, new Headers(headers.map(([n, v]) => [n, v])), body)
  const reply = request === undefined ? unacceptable() : await http(request).catch(broken)
  return {
    id,
    status: reply.status,
    headers: [...reply.headers],
    body: new Uint8Array(await reply.arrayBuffer())
  }
}
