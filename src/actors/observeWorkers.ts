/** Asks workers how they are, for all who want to know. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Refresh } from "../services/Metrics.ts"
import type { WorkerSlot } from "./WorkerSlot.ts"

/** Time for all of them to tell; who takes longer is represented by what it told last. */
const OBSERVE_TIMEOUT = "1 second"
/** Time for one of them, after which the next is asked. */
const WORKER_TIMEOUT = "250 millis"
/** Those that are asked at once: a core for each would be taken from this process and from others, and each answer takes 0.2 ms to read. */
export const AT_ONCE = 2

/** Completes when they have told; at once where a round ended less than `maxAgeMs` ago. */
export const makeObserve = (slots: ReadonlyArray<Pick<WorkerSlot, "observe">>): Refresh => {
  const all = Effect.forEach(slots, (slot) => Effect.timeoutOption(slot.observe, WORKER_TIMEOUT), {
    concurrency: AT_ONCE,
    discard: true
  })
  let observedAt = Number.NEGATIVE_INFINITY
  return (maxAgeMs) =>
    Effect.gen(function* () {
      if ((yield* Clock.currentTimeMillis) - observedAt < maxAgeMs) return
      yield* Effect.timeoutOption(all, OBSERVE_TIMEOUT)
      observedAt = yield* Clock.currentTimeMillis
    })
}
