/** One proxy of the configuration: asks the backend, a bounded number of questions at a time. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Semaphore from "effect/Semaphore"
import type { ProxyConfig } from "../../config/proxyKeys.ts"
import type { ServerConfigValue } from "../../config/ServerConfig.ts"
import { makeFailureLog } from "../failureLog.ts"
import { type HttpAnswer, type HttpClient, HttpFailed } from "../httpClient.ts"
import type { Sample } from "../Metrics.ts"
import { BackendFailed, type BackendFailure } from "./Backend.ts"
import { type ReadResult, readAnswer } from "./proxyAnswer.ts"
import { type Asked, headersOf, requestBody } from "./proxyRequest.ts"

type Limits = Pick<ServerConfigValue["limits"], "proxyRequests" | "proxyQueue" | "proxyResponse">

export interface Proxy {
  /** @param readResult how the result of an answer is read */
  readonly ask: <A>(readResult: ReadResult<A>) => (question: Asked) => Effect.Effect<A, BackendFailure>
  readonly samples: () => ReadonlyArray<Sample>
}

type Reason = HttpFailed["reason"] | "status" | "malformed" | "overload"

/**
 * A question waits for its turn, and is answered, within the timeout of the proxy; otherwise, and where too many wait already, it has failed.
 *
 * @param path where the proxy stands in the configuration: its name in logs and metrics
 */
export const makeProxy = (
  path: string,
  config: ProxyConfig & { readonly endpoint: string },
  limits: Limits,
  { post }: HttpClient
): Proxy => {
  const url = new URL(config.endpoint)
  const headers = headersOf(config)
  const turns = Semaphore.makeUnsafe(limits.proxyRequests)
  const logFailure = makeFailureLog(`the backend of ${path} failed`)
  const failures = new Map<Reason, number>()
  let requests = 0
  let open = 0

  const failed = (reason: Reason, detail: string): Effect.Effect<never, BackendFailure> => {
    failures.set(reason, (failures.get(reason) ?? 0) + 1)
    return Effect.andThen(logFailure(detail), Effect.fail(new BackendFailed({ detail })))
  }

  /** Waiting for a turn is part of the time. */
  const inTurn = (request: Effect.Effect<HttpAnswer, HttpFailed>) =>
    Effect.suspend(() => {
      if (open >= limits.proxyRequests + limits.proxyQueue)
        return failed("overload", `${limits.proxyQueue} questions wait for it`)
      open++
      return request.pipe(
        turns.withPermit,
        Effect.timeoutOrElse({
          duration: config.timeout,
          orElse: () => Effect.fail(HttpFailed.timeout(config.timeout))
        }),
        Effect.ensuring(Effect.sync(() => open--)),
        Effect.catchTag("HttpFailed", ({ reason, detail }) => failed(reason, detail))
      )
    })

  return {
    ask: (readResult) => (question) => {
      const request = Effect.suspend(() => {
        requests++
        const body = requestBody(config, question)
        return post({ url, headers: headers(question), body, maxResponse: limits.proxyResponse })
      })
      return Effect.flatMap(inTurn(request), ({ status, body }) => {
        if (status !== 200) return failed("status", `HTTP status ${status}`)
        const answer = readAnswer(body, readResult)
        if (Result.isSuccess(answer)) return Effect.succeed(answer.success)
        return typeof answer.failure === "string"
          ? failed("malformed", answer.failure)
          : Effect.fail(answer.failure)
      })
    },
    samples: () => {
      const sample = (
        type: Sample["type"],
        name: string,
        help: string,
        value: number,
        labels: Readonly<Record<string, string>> = {}
      ): Sample => ({ type, name, help, value, labels: { proxy: path, ...labels } })
      const underWay = Math.min(open, limits.proxyRequests)
      return [
        sample("counter", "clarion_backend_requests_total", "Requests to backends", requests),
        sample(
          "gauge",
          "clarion_backend_requests_in_flight",
          "Requests that backends have to answer",
          underWay
        ),
        sample(
          "gauge",
          "clarion_backend_requests_waiting",
          "Questions that wait to be asked",
          open - underWay
        ),
        ...[...failures].map(([reason, count]) =>
          sample("counter", "clarion_backend_failures_total", "Questions without a valid answer", count, {
            reason
          })
        )
      ]
    }
  }
}
