import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import type { NatsLink } from "../../../../src/services/nats/NatsLink.ts"
import { readStream } from "../../../../src/services/nats/readStream.ts"

/** A stream of one message after the other; what its consumer is asked answers when the test says so. */
const world = Effect.gen(function* () {
  const [consumed, deleted] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const seen = { closed: 0, read: 0 }
  const messages = {
    close: () => {
      seen.closed++
      return Promise.resolve()
    },
    async *[Symbol.asyncIterator]() {
      while (seen.closed === 0) yield { info: { pending: 1 } }
    }
  }
  const consumer = {
    info: () => Promise.resolve({ num_pending: 5 }),
    consume: () => Effect.runPromise(Effect.as(Deferred.await(consumed), messages)),
    delete: () => Effect.runPromise(Deferred.succeed(deleted, undefined))
  }
  const link = {
    ask: (_: string, ask: () => Promise<unknown>) => Effect.promise(ask),
    jetstream: { consumers: { get: () => Promise.resolve(consumer) } }
  } as unknown as NatsLink["Service"]
  const read = readStream(link, { stream: "s", subject: "a" }, () => ++seen.read > 10)
  return { seen, read, consume: Deferred.succeed(consumed, undefined), deleted: Deferred.await(deleted) }
})

describe("the reading of a stream", () => {
  it.effect("closes what it reads from when it has enough", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world
      yield* consume
      yield* read
      yield* deleted
      expect(seen.read).toBe(11)
      expect(seen.closed).toBeGreaterThan(0)
    })
  )

  it.effect("that has failed, as nothing came, tells nothing any more, and leaves nothing at NATS", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world
      const reading = yield* Effect.forkChild(Effect.flip(read), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(reading)).message).toContain("nothing comes any more")
      yield* consume
      yield* deleted
      expect(seen.read).toBe(0)
      expect(seen.closed).toBeGreaterThan(0)
    })
  )

  it.effect("that nobody waits for any more ends likewise", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* Fiber.interrupt(reading)
      yield* consume
      yield* deleted
      expect(seen.read).toBe(0)
    })
  )
})
