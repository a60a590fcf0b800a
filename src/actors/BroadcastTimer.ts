/**
 * The broadcast timer: the behaviour of the C1000K server, at a fixed rate from the start of the process.
 *
 * Each tick takes a fresh UUID F. With fewer than `totalSize` connections it logs `current channels: N for F` and sends nothing;
 * otherwise it broadcasts the epoch milliseconds as decimal text and logs before and after. Ticks never overlap: one that overruns
 * delays the next, and further ones that fell due meanwhile are skipped and counted. Of the nodes of a cluster the one that leads does so, each
 * counting from its own start; the others let their ticks pass.
 */
import { randomUUID } from "node:crypto"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { createActor } from "xstate"
import { ServerConfig } from "../config/ServerConfig.ts"
import { ActorTree } from "../services/ActorTree.ts"
import { Leadership } from "../services/cluster/Leadership.ts"
import { forkLongLived } from "../services/longLived.ts"
import { Metrics } from "../services/Metrics.ts"
import { makeNow } from "../services/now.ts"
import { Publisher } from "../services/Publisher.ts"
import { receiptAnnotations } from "../services/receipts/receiptSamples.ts"
import { gateMachine } from "./gateMachine.ts"

/** A crash of the timer is a bug: it is logged, and the timer does not stay away for it. */
const RESTART_DELAY = "1 second"

/** The tick to run next, at `dueMs` or at once if that is past, and how many were skipped for it. */
export const nextTick = (lastDueMs: number, intervalMs: number, nowMs: number) => {
  const nextMs = lastDueMs + intervalMs
  const missed = Math.max(0, Math.floor((nowMs - nextMs) / intervalMs))
  return { dueMs: nextMs + missed * intervalMs, missed }
}

const run = Effect.gen(function* () {
  const { sending, totalSize } = yield* ServerConfig
  const publisher = yield* Publisher
  const tree = yield* ActorTree
  const leadership = yield* Leadership
  const gate = createActor(gateMachine, { input: { totalSize } })
  gate.subscribe({ error: () => {} })
  gate.start()
  yield* tree.register("primary/broadcast-timer", () => ({
    state: leadership.isLeader() ? gate.getSnapshot().value : "following"
  }))

  yield* (yield* Metrics).register(
    Effect.sync(() => {
      const { ticks, missed } = gate.getSnapshot().context
      return [
        {
          type: "counter",
          name: "clarion_timer_ticks_total",
          help: "Ticks of the broadcast timer",
          value: ticks
        },
        {
          type: "counter",
          name: "clarion_timer_ticks_missed_total",
          help: "Ticks skipped: the one before overran",
          value: missed
        }
      ]
    })
  )

  const tick = Effect.fnUntraced(function* (missed: number) {
    const id = randomUUID()
    const connections = yield* publisher.connections
    gate.send({ type: "tick", connections, missed })
    if (gate.getSnapshot().value === "gated")
      return yield* Effect.logInfo(`current channels: ${connections} for ${id}`)
    yield* Effect.logInfo(`send msg to channels for ${id}`)
    const sending = publisher.broadcast(String(yield* Clock.currentTimeMillis), { id })
    // Digits are text.
    const sent = yield* Effect.result(Effect.catchTag(sending, "NotUtf8", Effect.die))
    gate.send({ type: "sent" })
    if (Result.isFailure(sent)) return yield* Effect.logWarning(`not sent for ${id}: ${sent.failure.message}`)
    const receipt = sent.success
    const now = yield* publisher.connections
    yield* Effect.logInfo(`sent msg to channels for ${id}. current channels: ${now}`).pipe(
      Effect.annotateLogs(receiptAnnotations(receipt))
    )
  })

  // A clock that never goes back: setting the machine's time makes no tick and skips none.
  const nowMs = yield* makeNow
  const intervalMs = Duration.toMillis(sending.timer.interval)
  let due = { dueMs: nowMs() + Duration.toMillis(sending.timer.delay), missed: 0 }
  while (true) {
    yield* Effect.sleep(Math.max(0, due.dueMs - nowMs()))
    if (due.missed > 0) yield* Effect.logWarning(`the last broadcast overran; ticks skipped: ${due.missed}`)
    if (leadership.isLeader()) yield* tick(due.missed)
    due = nextTick(due.dueMs, intervalMs, nowMs())
  }
})

/** Runs unless `onlyTestConnect` is set. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const { onlyTestConnect } = yield* ServerConfig
    const live = Effect.scoped(run).pipe(
      Effect.catchCause((cause) => Effect.logError("the broadcast timer crashed and starts anew", cause)),
      Effect.andThen(Effect.sleep(RESTART_DELAY)),
      Effect.forever
    )
    if (!onlyTestConnect) yield* forkLongLived("broadcast timer", live)
  })
)
