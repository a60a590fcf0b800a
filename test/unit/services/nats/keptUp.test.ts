import { describe, expect, it } from "@effect/vitest"
import { JetStreamApiError } from "@nats-io/jetstream"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { REMOVED_WITHIN } from "../../../../src/services/nats/ensureStreams.ts"
import { keptUp } from "../../../../src/services/nats/keptUp.ts"
import type { NatsLink } from "../../../../src/services/nats/NatsLink.ts"

const SETTLED_MS = Duration.toMillis(REMOVED_WITHIN)
const missing = new JetStreamApiError({ code: 404, err_code: 10_059, description: "stream not found" })

/** Something at NATS that is removed, and takes `makingMs` to be made. */
const removed = (makingMs = 0) => {
  const it = { isThere: false, made: 0 }
  const link: Pick<NatsLink["Service"], "ask"> = {
    ask: (_, ask) =>
      Effect.tryPromise({
        try: ask,
        catch: (error) => new BrokerUnavailable({ detail: String(error) })
      })
  }
  const ensure = Effect.andThen(
    Effect.sleep(makingMs),
    Effect.sync(() => {
      it.isThere = true
      it.made++
    })
  )
  const ask = keptUp(link as NatsLink["Service"], "s", "the stream s", ensure)
  const asking = Effect.result(
    ask("no", () => (it.isThere ? Promise.resolve("yes") : Promise.reject(missing)))
  )
  return { it, asking }
}

const settled = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Forks it until it waits for the clock. */
const begin = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.tap(Effect.forkChild(effect, { startImmediately: true }), () => settled)

describe("what is found missing", () => {
  it.effect("is made when NATS has surely removed it, and who asked is told to ask again", () =>
    Effect.gen(function* () {
      const { it, asking } = removed()
      const first = yield* begin(asking)
      yield* TestClock.adjust(SETTLED_MS - 1)
      expect(it.made).toBe(0)
      yield* TestClock.adjust(1)
      expect(yield* Fiber.join(first)).toMatchObject({
        failure: { detail: "no: NATS does not have the stream s now" }
      })
      expect(yield* asking).toMatchObject({ success: "yes" })
    })
  )

  it.effect("is made once for all who ask meanwhile", () =>
    Effect.gen(function* () {
      const { it, asking } = removed(100)
      const many = yield* begin(
        Effect.all(
          Array.from({ length: 10 }, () => asking),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust(SETTLED_MS + 50)
      const late = yield* begin(asking)
      yield* TestClock.adjust(50)
      yield* Fiber.join(many)
      yield* Fiber.join(late)
      expect(it.made).toBe(1)
    })
  )

  it.effect("is made though who asked does not wait any more, and again when it is removed again", () =>
    Effect.gen(function* () {
      const { it, asking } = removed(100)
      for (const made of [1, 2]) {
        it.isThere = false
        yield* Fiber.interrupt(yield* begin(asking))
        yield* TestClock.adjust(SETTLED_MS + 100)
        expect(it.made).toBe(made)
        expect(yield* asking).toMatchObject({ success: "yes" })
      }
    })
  )
})
