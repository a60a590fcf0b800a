/**
 * Plain HTTP that lands in a worker is answered by the primary, so that every process answers the same: the worker copies the request
 * into a message, and the answer comes back in another.
 */
import * as Effect from "effect/Effect"
import { BROKEN, plainText } from "../httpReply.ts"
import type { PlainAnswer, PlainHandler, PlainRequest } from "../Transport.ts"
import type { ForwardedRequest, ForwardedResponse } from "./messages.ts"

/** Requests of one worker that may wait for the primary; more are answered with 503. */
const MAX_PENDING = 1000
/** Time for the primary to answer. */
const TIMEOUT = "30 seconds"

const unavailable = (status: 503 | 504): PlainAnswer =>
  plainText(status, "the primary process does not answer", [["retry-after", "1"]])

/** In a worker: the requests that wait for their answers. */
export class Forwarder {
  readonly #pending = new Map<number, (answer: PlainAnswer) => void>()
  #next = 0

  constructor(readonly send: (request: ForwardedRequest) => void) {}

  readonly handle: PlainHandler = ({ method, path, query, headers, body, address }) => {
    if (this.#pending.size >= MAX_PENDING) return unavailable(503)
    const id = this.#next++
    const answer = Effect.callback<PlainAnswer>((resume) => {
      this.#pending.set(id, (answer) => resume(Effect.succeed(answer)))
      this.send({ id, method, path, query, headers: [...headers], body, address })
    })
    return Effect.runPromise(
      answer.pipe(
        Effect.timeoutOrElse({ duration: TIMEOUT, orElse: () => Effect.succeed(unavailable(504)) }),
        Effect.ensuring(Effect.sync(() => void this.#pending.delete(id)))
      )
    )
  }

  answered({ id, status, headers, body }: ForwardedResponse): void {
    this.#pending.get(id)?.({ status, headers, body })
  }
}

const ask = async (http: PlainHandler, request: PlainRequest): Promise<PlainAnswer> => {
  try {
    return await http(request)
  } catch {
    return BROKEN
  }
}

/** In the primary: answers one. Does not reject. */
export const answerForwarded = async (
  { id, method, path, query, headers, body, address }: ForwardedRequest,
  http: PlainHandler
): Promise<ForwardedResponse> => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const request = { method, path, query, headers: new Map(headers), body: bytes, address }
  const answer = await ask(http, request)
  return { id, status: answer.status, headers: answer.headers, body: Buffer.from(answer.body as string) }
}
