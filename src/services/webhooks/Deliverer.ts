/** Sends deliveries to one endpoint, each again and again until it is accepted, given up, or the end has come. */
import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { WebhookConfig } from "../../config/webhookKeys.ts"
import { makeFailureLog } from "../failureLog.ts"
import { HttpFailed, makeHttpClient } from "../httpClient.ts"
import type { Sample } from "../Metrics.ts"
import { makeSigner } from "./signature.ts"

export interface WebhookTarget {
  readonly endpoint: string
  readonly secret: Redacted.Redacted<string>
}

/** Bytes of an answer, of which the status alone counts. */
const MAX_ANSWER = 65_536

export interface Deliverer {
  /**
   * Sends events, with the number of those that were lost before them. "left": the end has come, and the receiver does not accept them.
   *
   * @param events JSON texts
   */
  readonly deliver: (
    events: ReadonlyArray<string>,
    lost: number
  ) => Effect.Effect<"delivered" | "given up" | "left">
  /** Opened at the end: nobody waits any more, and what fails is not tried again. */
  readonly closing: Latch.Latch
  readonly samples: () => ReadonlyArray<Sample>
}

export const makeDeliverer = Effect.fnUntraced(function* (
  { endpoint, secret }: WebhookTarget,
  { timeout, retry }: WebhookConfig
): Effect.fn.Return<Deliverer, never, Scope.Scope> {
  const http = yield* makeHttpClient
  const closing = yield* Latch.make()
  const sign = makeSigner(Redacted.value(secret))
  const url = new URL(endpoint)
  const logFailure = makeFailureLog(`webhooks to ${url.origin}${url.pathname} fail`)
  const failures = new Map<string, number>()
  let events = 0
  let deliveries = 0
  let inFlight = 0

  const retries = Schedule.min([Schedule.exponential(retry.minDelay), Schedule.spaced(retry.maxDelay)]).pipe(
    Schedule.jittered,
    Schedule.upTo({ times: retry.maxAttempts - 1 })
  )

  /** Any status but 2xx is a failure like any other: what a receiver refuses today it may accept after its next deployment. */
  const attempt = (id: string, body: Buffer) =>
    Effect.gen(function* () {
      inFlight++
      const headers = sign(id, yield* Clock.currentTimeMillis, body)
      const { status } = yield* http
        .post({
          url,
          headers: { "content-type": "application/json", ...headers },
          body,
          maxResponse: MAX_ANSWER
        })
        .pipe(
          Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(HttpFailed.timeout(timeout)) })
        )
      return status >= 200 && status < 300 ? undefined : { reason: "status", detail: `HTTP status ${status}` }
    }).pipe(
      Effect.ensuring(Effect.sync(() => inFlight--)),
      Effect.catchTag("HttpFailed", ({ reason, detail }) => Effect.succeed({ reason, detail }))
    )

  return {
    closing,
    deliver: Effect.fnUntraced(function* (batch, lost) {
      const id = randomUUID()
      const loss = lost === 0 ? "" : `"lost":${lost},`
      const body = Buffer.from(`{"id":"${id}",${loss}"events":[${batch.join(",")}]}`)
      const nextDelay = yield* Schedule.toStep(retries)
      while (true) {
        const failure = yield* attempt(id, body)
        if (failure === undefined) {
          deliveries++
          events += batch.length
          return "delivered"
        }
        failures.set(failure.reason, (failures.get(failure.reason) ?? 0) + 1)
        yield* logFailure(failure.detail)
        if (closing.isOpen()) return "left"
        const delay = yield* nextDelay(yield* Clock.currentTimeMillis, undefined).pipe(
          Effect.map(([, duration]) => Option.some(duration)),
          Pull.catchDone(() => Effect.succeedNone)
        )
        if (Option.isNone(delay)) return "given up"
        yield* Effect.raceFirst(Effect.sleep(delay.value), closing.await)
      }
    }),
    samples: () => [
      {
        type: "counter",
        name: "clarion_webhook_events_delivered_total",
        help: "Webhook events that the receiver accepted",
        value: events
      },
      {
        type: "counter",
        name: "clarion_webhook_deliveries_total",
        help: "Deliveries of webhook events that the receiver accepted",
        value: deliveries
      },
      {
        type: "gauge",
        name: "clarion_webhook_requests_in_flight",
        help: "Deliveries that the receiver has to answer",
        value: inFlight
      },
      ...[...failures].map(
        ([reason, value]): Sample => ({
          type: "counter",
          name: "clarion_webhook_failures_total",
          help: "Attempts to deliver webhook events that failed",
          value,
          labels: { reason }
        })
      )
    ]
  }
})
