/**
 * Delivers events to the endpoint of the configuration: in order, in batches, one delivery at a time, each until it is accepted.
 *
 * One fiber keeps what was told in the spool, another sends what is kept.
 */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { WebhookConfig } from "../../config/webhookKeys.ts"
import { makeFailureLog } from "../failureLog.ts"
import { forkLongLived } from "../longLived.ts"
import { Metrics } from "../Metrics.ts"
import type { SessionEvent } from "../SessionEvents.ts"
import { makeDeliverer, type WebhookTarget } from "./Deliverer.ts"
import { EventQueue } from "./EventQueue.ts"
import { openSpool } from "./EventSpool.ts"
import { encodeEvent } from "./webhookEvent.ts"

/** Bytes of the events of one delivery, unless one alone has more. */
const MAX_BATCH_BYTES = 262_144

/** The spool, in the store. */
export const SPOOL_FILE = "webhook-events"

/** Takes an event, without waiting. At the end of the scope what waits is delivered, as far as that is possible in `shutdownTimeout`. */
export const makeWebhookOutbox = Effect.fnUntraced(function* (
  target: WebhookTarget,
  config: WebhookConfig,
  store: string
): Effect.fn.Return<(event: SessionEvent) => void, never, Metrics | Scope.Scope> {
  const clock = yield* Clock.clockWith(Effect.succeed)
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const queue = new EventQueue(config.queueSize, config.queueBytes)
  const file = join(store, SPOOL_FILE)
  const logSpool = makeFailureLog("webhook events are not kept over a crash")
  const logLost = makeFailureLog("webhook events are lost")

  const spool = yield* openSpool(file, (event) => queue.offer(event)).pipe(
    Effect.catchTag("SpoolFailed", ({ message }) => Effect.as(logSpool(message), undefined))
  )
  queue.keep(queue.size)
  queue.lose(spool?.broken ?? 0)
  if (queue.size > 0)
    yield* Effect.logInfo(`${queue.size} webhook events of earlier runs are delivered first`)
  if (queue.lost > 0) yield* logLost(`${queue.lost} of earlier runs cannot be read, or are too many`)

  const deliverer = yield* makeDeliverer(target, config)
  const told = yield* Latch.make()
  const ready = yield* Latch.make()
  const full = yield* Latch.make()
  let isClosing = false
  let isAllKept = false

  const keep = Effect.gen(function* () {
    while (true) {
      told.closeUnsafe()
      const events = queue.toKeep()
      if (events.length === 0) {
        if (isClosing) break
        yield* told.await
        continue
      }
      if (spool !== undefined)
        yield* Effect.catchTag(spool.append(events), "SpoolFailed", ({ message }) => logSpool(message))
      queue.keep(events.length)
      ready.openUnsafe()
      if (queue.ready >= config.batchSize) full.openUnsafe()
    }
    isAllKept = true
    ready.openUnsafe()
  })

  /** Waits until there is something to send, and a while for more. False at the end. */
  const gather = Effect.gen(function* () {
    ready.closeUnsafe()
    while (queue.ready === 0) {
      if (isAllKept) return false
      yield* ready.await
      ready.closeUnsafe()
    }
    if (queue.ready < config.batchSize) {
      full.closeUnsafe()
      yield* Effect.raceFirst(
        Effect.sleep(config.batchDelay),
        Effect.raceFirst(full.await, deliverer.closing.await)
      )
    }
    return true
  })

  const send = Effect.gen(function* () {
    while (yield* gather) {
      const events = queue.batch(config.batchSize, MAX_BATCH_BYTES)
      const lost = queue.lossToReport
      const outcome = yield* deliverer.deliver(events, lost)
      if (outcome === "left") return
      if (outcome === "delivered") queue.reported(lost)
      else {
        queue.lose(events.length)
        yield* logLost(
          `a delivery of ${events.length} was given up after ${config.retry.maxAttempts} attempts`
        )
      }
      queue.remove(events.length)
      if (spool !== undefined)
        yield* Effect.catchTag(spool.remove(events.length), "SpoolFailed", ({ message }) => logSpool(message))
    }
  })

  yield* (yield* Metrics).register(
    Effect.sync(() => [
      ...deliverer.samples(),
      {
        type: "gauge",
        name: "clarion_webhook_events_waiting",
        help: "Webhook events that wait for delivery",
        value: queue.size
      },
      {
        type: "counter",
        name: "clarion_webhook_events_lost_total",
        help: "Webhook events that were lost: no room, given up, or not readable",
        value: queue.lost
      }
    ])
  )
  const keeper = yield* forkLongLived("the spool of webhooks", keep)
  const sender = yield* forkLongLived("webhooks", send)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      isClosing = true
      deliverer.closing.openUnsafe()
      told.openUnsafe()
      const ends = Effect.andThen(Fiber.await(keeper), Fiber.await(sender))
      yield* Effect.timeoutOption(ends, config.shutdownTimeout)
      yield* Fiber.interruptAll([keeper, sender])
      if (queue.size === 0) return
      const kept = spool?.isSound() === true ? queue.ready : 0
      yield* Effect.logWarning(
        `${queue.size} webhook events were not delivered: ${file} keeps ${kept} of them for the next start`
      )
    })
  )

  const run = randomBytes(8).toString("hex")
  let number = 0
  return (event) => {
    const id = `${run}-${++number}`
    if (queue.offer(encodeEvent(event, id, clock.currentTimeMillisUnsafe()))) told.openUnsafe()
    else fork(logLost(`${queue.size} wait for delivery, and there is no room for more`))
  }
})
