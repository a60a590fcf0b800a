/** Webhooks: what happens to clients and channels, told to an HTTP endpoint. */
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import { endpointUrl } from "./httpKinds.ts"
import { type ConfigOf, key } from "./Keys.ts"
import * as Kind from "./Kind.ts"
import type { Rule } from "./resolve.ts"

/** The events, as they are called in configurations and in deliveries. */
export const WEBHOOK_EVENTS = ["disconnected", "unsubscribed", "channel_occupied", "channel_vacated"] as const
export type WebhookEventName = (typeof WEBHOOK_EVENTS)[number]

export const webhookKeys = {
  "webhooks.endpoint": key(endpointUrl, undefined, "URL that gets events, by POST; unset: no webhooks"),
  "webhooks.secret": key(
    Kind.secret,
    undefined,
    "what deliveries are signed with; whsec_ and Base64 is a key in Standard Webhooks' form"
  ),
  "webhooks.events": key(Kind.listOf(...WEBHOOK_EVENTS), WEBHOOK_EVENTS, "which events"),
  "webhooks.batchSize": key(Kind.integer(1, 10_000), 100, "events of one delivery, at most"),
  "webhooks.batchDelay": key(
    Kind.duration,
    Duration.millis(100),
    "time to wait for more events of a delivery"
  ),
  "webhooks.timeout": key(Kind.positiveDuration, Duration.seconds(5), "time for an answer to a delivery"),
  "webhooks.retry.minDelay": key(
    Kind.positiveDuration,
    Duration.millis(500),
    "time before a delivery is tried again; it doubles with each failure"
  ),
  "webhooks.retry.maxDelay": key(Kind.positiveDuration, Duration.minutes(1), "longest such time"),
  "webhooks.retry.maxAttempts": key(
    Kind.integer(1),
    1000,
    "attempts before a delivery is given up; 1000 take about 16 hours"
  ),
  "webhooks.queueSize": key(Kind.integer(1), 100_000, "events that may wait; more are lost, and counted"),
  "webhooks.queueBytes": key(
    Kind.integer(1024),
    67_108_864,
    "bytes of events that may wait, in memory and in the store"
  ),
  "webhooks.shutdownTimeout": key(
    Kind.duration,
    Duration.seconds(3),
    "time at the end to deliver what waits; the rest is delivered after the next start"
  )
}

export type WebhookConfig = ConfigOf<typeof webhookKeys>["webhooks"]

/** What a secret in Standard Webhooks' form begins with; the key behind it is Base64. */
export const SECRET_PREFIX = "whsec_"

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/

export const webhookRules: ReadonlyArray<Rule<ConfigOf<typeof webhookKeys>>> = [
  ({ webhooks: { endpoint, secret } }) =>
    endpoint !== undefined && secret === undefined
      ? [{ where: "webhooks.endpoint", message: "needs webhooks.secret, which receivers verify" }]
      : [],
  ({ webhooks: { secret } }) => {
    const text = secret === undefined ? "" : Redacted.value(secret)
    return text.startsWith(SECRET_PREFIX) && !BASE64.test(text.slice(SECRET_PREFIX.length))
      ? [{ where: "webhooks.secret", message: `has something else than Base64 behind ${SECRET_PREFIX}` }]
      : []
  },
  ({ webhooks: { retry } }) =>
    Duration.isGreaterThan(retry.minDelay, retry.maxDelay)
      ? [{ where: "webhooks.retry.minDelay", message: "is longer than webhooks.retry.maxDelay" }]
      : []
]
