/**
 * HTTP requests of the server to others: backends and receivers of webhooks. On Node's own client, which takes a quarter of the CPU of `fetch`
 * and less than half of that of Effect's client for a small request; connections are kept.
 */
import * as Http from "node:http"
import * as Https from "node:https"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** There is no answer: no connection or one that broke, a body that is larger than asked for, or nothing in the caller's time. */
export class HttpFailed extends Data.TaggedError("HttpFailed")<{
  readonly reason: "timeout" | "connection" | "size"
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }

  static readonly timeout = (after: Duration.Duration): HttpFailed =>
    new HttpFailed({ reason: "timeout", detail: `no answer within ${Duration.format(after)}` })
}

export interface PostRequest {
  readonly url: URL
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Bytes of the answer's body, at most. */
  readonly maxResponse: number
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
}

export interface HttpClient {
  /** Any status is an answer; redirects are not followed. The caller bounds the time: an interrupted request is cut. */
  readonly post: (request: PostRequest) => Effect.Effect<HttpAnswer, HttpFailed>
}

/** Many servers close a connection that was idle for five seconds: ours is gone before, so that no request meets one that closes. */
const IDLE_MS = 4000

const readBody = (
  incoming: Http.IncomingMessage,
  limit: number,
  done: (body: Buffer | HttpFailed) => void
): void => {
  const chunks: Array<Buffer> = []
  let size = 0
  incoming.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else {
      incoming.destroy()
      done(new HttpFailed({ reason: "size", detail: `the answer is larger than ${limit} bytes` }))
    }
  })
  incoming.on("end", () => done(Buffer.concat(chunks)))
  // Node says that it was "aborted", whatever happened.
  incoming.on("error", () =>
    done(new HttpFailed({ reason: "connection", detail: "the connection ended in the middle of the answer" }))
  )
}

const reasonOf = (error: Error): string => {
  // When all addresses of a name refuse, the error that holds those of each has no text.
  const [first] = error instanceof AggregateError ? (error.errors as ReadonlyArray<Error>) : [error]
  return first?.message ?? error.message
}

const send = ({ url, headers, body, maxResponse }: PostRequest, agent: Http.Agent) =>
  Effect.callback<HttpAnswer, HttpFailed>((resume) => {
    const { request } = url.protocol === "https:" ? Https : Http
    const outgoing = request(url, {
      method: "POST",
      agent,
      headers: { ...headers, "content-length": body.length }
    })
    outgoing.on("error", (error) =>
      resume(Effect.fail(new HttpFailed({ reason: "connection", detail: reasonOf(error) })))
    )
    outgoing.on("response", (incoming) =>
      readBody(incoming, maxResponse, (read) =>
        resume(
          read instanceof HttpFailed
            ? Effect.fail(read)
            : Effect.succeed({ status: incoming.statusCode!, headers: incoming.headers, body: read })
        )
      )
    )
    outgoing.end(body)
    return Effect.sync(() => outgoing.destroy())
  })

/** Connections end with the scope. @param verify false: any certificate of an https: server will do */
export const makeHttpClientThat = Effect.fnUntraced(function* ({ verify }: { readonly verify: boolean }) {
  const options = { keepAlive: true, timeout: IDLE_MS }
  const agents = yield* Effect.acquireRelease(
    Effect.sync(() => ({
      "http:": new Http.Agent(options),
      "https:": new Https.Agent({ ...options, rejectUnauthorized: verify })
    })),
    (all) =>
      Effect.sync(() => {
        for (const agent of Object.values(all)) agent.destroy()
      })
  )
  const client: HttpClient = {
    post: (request) => send(request, agents[request.url.protocol as "http:" | "https:"])
  }
  return client
})

export const makeHttpClient: Effect.Effect<HttpClient, never, Scope.Scope> = makeHttpClientThat({
  verify: true
})
