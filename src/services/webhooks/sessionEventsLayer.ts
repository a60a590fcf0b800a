/** Whoever wants to hear of sessions: the listener of an embedding program, and the receiver of webhooks. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { makeFailureLog } from "../failureLog.ts"
import type { Metrics } from "../Metrics.ts"
import { type SessionEvent, SessionEvents } from "../SessionEvents.ts"
import { SessionListener } from "../SessionListener.ts"
import { makeWebhookOutbox } from "./WebhookOutbox.ts"
import { eventName } from "./webhookEvent.ts"

const make = Effect.gen(function* () {
  const { webhooks, store } = yield* ServerConfig
  const { endpoint, secret } = webhooks
  const send =
    endpoint === undefined || secret === undefined
      ? undefined
      : yield* makeWebhookOutbox({ endpoint, secret }, webhooks, store.path)
  const isSent = (tag: SessionEvent["_tag"]) => send !== undefined && webhooks.events.includes(eventName(tag))

  const listener = yield* SessionListener
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const logThrown = makeFailureLog("the session listener failed")
  const listen = (event: SessionEvent) => {
    try {
      listener?.(event)
    } catch (error) {
      fork(logThrown(error instanceof Error ? (error.stack ?? error.message) : String(error)))
    }
  }
  return SessionEvents.of({
    tell: (event) => {
      listen(event)
      if (isSent(event._tag)) send?.(event)
    },
    wants: (tag) => listener !== undefined || isSent(tag)
  })
})

/** For the one process that talks to the receiver: events of others have to be told here. */
export const layerSessionEvents: Layer.Layer<SessionEvents, never, ServerConfig | Metrics> = Layer.effect(
  SessionEvents,
  make
)
