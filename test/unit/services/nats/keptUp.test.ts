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

const nobody = Object.assign(new Error("no responders"), { name: "JetStreamNotEnabled" })

/** Something at NATS that is removed, and takes `makingMs` to be made. */
const removed = (makingMs = 0) => {
  const it = { isThere: false, isLed: true, made: 0, asked: 0 }
  const link = {
    manager: { streams: { info: () => (it.isThere ? Promise.resolve({}) : Promise.reject(missing)) } },
    ask: <A>(_: string, ask: () => Promise<A>) =>
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
  const ask = keptUp(link as unknown as NatsLink["Service"], "s", "the stream s", ensure)
  const answer = (error: Error) => {
    it.asked++
    return it.isThere && it.isLed ? Promise.resolve("yes") : Promise.reject(error)
  }
  const asking = Effect.result(ask("no", () => answer(missing)))
  /** As a publication hears it, also where no server leads the stream for a moment. */
  const publishing = Effect.result(ask("no", () => answer(nobody)))
  return { it, asking, publishing }
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
      const { it, asking, publishing } = removed(100)
      const many = yield* begin(
        Effect.all(
          Array.from({ length: 10 }, () => asking),
          { concurrency: "unbounded" }
        )
      )
      yield* TestClock.adjust(SETTLED_MS + 50)
      const late = yield* begin(Effect.all([asking, publishing], { concurrency: "unbounded" }))
      yield* TestClock.adjust(50)
      yield* Fiber.join(many)
      yield* Fiber.join(late)
      // Those who came late were not sent: NATS may be making it.
      expect(it).toMatchObject({ made: 1, asked: 10 })
    })
  )

  it.effect("by a publication is looked for first: who leads it may be away for a moment", () =>
    Effect.gen(function* () {
      const { it, publishing } = removed()
      const first = yield* begin(publishing)
      yield* TestClock.adjust(SETTLED_MS)
      yield* Fiber.join(first)
      expect(it.made).toBe(1)
      it.isLed = false
      expect(yield* publishing).toMatchObject({ failure: { _tag: "BrokerUnavailable" } })
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
