import { it } from "@effect/vitest"
import type { ConsumerConfig } from "@nats-io/jetstream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import type { NatsLink } from "../../../../src/services/nats/NatsLink.ts"
import { readStream } from "../../../../src/services/nats/readStream.ts"

interface Made {
  readonly num_pending: number
  readonly seqs: ReadonlyArray<number>
}

interface World {
  /** Sequences that a server has, for each consumer in turn: they may stand on different ones. */
  readonly consumers: ReadonlyArray<ReadonlyArray<number>>
  /** The last message, as the server that leads the stream knows it. */
  readonly last?: number
  readonly to: number
  /** The first consumer delivers it, and it does not arrive. */
  readonly lost?: number
  /** Where it throws. */
  readonly failsAt?: number
}

/** A stream whose consumers give what they have when the test says so. */
const world = Effect.fnUntraced(function* ({ consumers, last, to, lost, failsAt }: World) {
  const [consumed, deleted] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const seen = { closed: 0, read: [] as Array<number>, from: [] as Array<number>, asked: 0 }

  const messagesOf = (seqs: ReadonlyArray<number>, callback: (message: unknown) => void) => {
    let end: (error?: unknown) => void = () => {}
    let isClosed = false
    const closed = new Promise<unknown>((resolve) => {
      end = resolve
    })
    const give = async () => {
      for (const [at, seq] of seqs.entries()) {
        await Promise.resolve()
        if (seq === lost && seen.from.length === 1) continue
        const info = { streamSequence: seq, deliverySequence: at + 1, pending: seqs.length - at - 1 }
        if (!isClosed) callback({ info, subject: "a", data: new Uint8Array(0) })
      }
    }
    give().catch(end)
    const close = () => {
      isClosed = true
      seen.closed++
      end()
      return Promise.resolve()
    }
    return { closed: () => closed, close }
  }

  const made = (from: number): Made => {
    const seqs = (consumers[seen.from.length] ?? []).filter((seq) => seq >= from)
    seen.from.push(from)
    return { num_pending: seqs.length, seqs }
  }

  const consumerOf = (seqs: ReadonlyArray<number>) => {
    return {
      consume: ({ callback }: { callback: (message: unknown) => void }) =>
        Effect.runPromise(Effect.as(Deferred.await(consumed), seqs)).then((all) => messagesOf(all, callback)),
      delete: () => Effect.runPromise(Deferred.succeed(deleted, undefined))
    }
  }

  const link = {
    ask: (_: string, ask: () => Promise<unknown>) =>
      Effect.tryPromise({ try: ask, catch: (error) => error as Error }),
    jetstream: { consumers: { getConsumerFromInfo: ({ seqs }: Made) => consumerOf(seqs) } },
    manager: {
      consumers: {
        add: (_: string, { opt_start_seq }: ConsumerConfig) => Promise.resolve(made(opt_start_seq!))
      },
      streams: {
        getMessage: () => {
          seen.asked++
          return Promise.resolve(last === undefined ? null : { seq: last })
        }
      }
    }
  } as unknown as NatsLink["Service"]
  const read = readStream(link, { stream: "s", subject: "a", to: () => to }, (seq) => {
    if (seq === failsAt) throw new Error("it cannot be read")
    seen.read.push(seq)
  })
  return { seen, read, consume: Deferred.succeed(consumed, undefined), deleted: Deferred.await(deleted) }
})

/** Lets time pass until it is done. */
const joined = Effect.fnUntraced(function* <E>(reading: Fiber.Fiber<void, E>) {
  while (reading.pollUnsafe() === undefined) {
    yield* TestClock.adjust("20 millis")
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
  yield* Fiber.join(reading)
})

describe("the reading of a stream", () => {
  it.effect("closes what it reads from when it has what is wanted, and asks nothing more", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world({ consumers: [[1, 3, 5, 7]], last: 7, to: 5 })
      yield* consume
      yield* read
      yield* deleted
      expect(seen).toMatchObject({ read: [1, 3, 5], asked: 0 })
      expect(seen.closed).toBeGreaterThan(0)
    })
  )

  it.effect("goes on elsewhere where a server does not have all of it yet, or nothing", () =>
    Effect.gen(function* () {
      const consumers = [[], [1, 3], [1, 3], [1, 3, 5]]
      const { seen, read, consume } = yield* world({ consumers, last: 5, to: 5 })
      yield* consume
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* joined(reading)
      expect(seen).toMatchObject({ read: [1, 3, 5], from: [1, 1, 4, 4], asked: 3 })
    })
  )

  it.effect("goes on before a message that was lost on the way", () =>
    Effect.gen(function* () {
      const consumers = [
        [1, 3, 5, 7],
        [1, 3, 5, 7]
      ]
      const { seen, read, consume } = yield* world({ consumers, last: 7, to: 7, lost: 3 })
      yield* consume
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* joined(reading)
      expect(seen).toMatchObject({ read: [1, 3, 5, 7], from: [1, 2], asked: 1 })
    })
  )

  it.effect("ends where the rest is gone, though it was wanted", () =>
    Effect.gen(function* () {
      const one = yield* world({ consumers: [[1, 3]], last: 3, to: 5 })
      yield* one.consume
      yield* one.read
      expect(one.seen).toMatchObject({ read: [1, 3], from: [1], asked: 1 })
      const none = yield* world({ consumers: [[]], to: 5 })
      yield* none.read
      expect(none.seen).toMatchObject({ read: [], from: [1], asked: 1 })
    })
  )

  it.effect("fails where a server never comes to have it", () =>
    Effect.gen(function* () {
      const { seen, read, consume } = yield* world({ consumers: [[1, 3]], last: 5, to: 5 })
      yield* consume
      const reading = yield* Effect.forkChild(Effect.flip(read), { startImmediately: true })
      yield* TestClock.adjust("6 seconds")
      expect((yield* Fiber.join(reading)).message).toContain("nothing comes any more")
      expect(seen.read).toEqual([1, 3])
    })
  )

  it.effect("fails where a message cannot be taken", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world({ consumers: [[1, 3, 5]], to: 5, failsAt: 3 })
      yield* consume
      expect((yield* Effect.flip(read)).message).toBe("it cannot be read")
      yield* deleted
      expect(seen.read).toEqual([1])
    })
  )

  it.effect("that has failed, as nothing came, tells nothing any more, and leaves nothing at NATS", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world({ consumers: [[1, 3]], to: 3 })
      const reading = yield* Effect.forkChild(Effect.flip(read), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      expect((yield* Fiber.join(reading)).message).toContain("nothing comes any more")
      yield* consume
      yield* deleted
      expect(seen.read).toEqual([])
      expect(seen.closed).toBeGreaterThan(0)
    })
  )

  it.effect("that nobody waits for any more ends likewise", () =>
    Effect.gen(function* () {
      const { seen, read, consume, deleted } = yield* world({ consumers: [[1, 3]], to: 3 })
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* Fiber.interrupt(reading)
      yield* consume
      yield* deleted
      expect(seen.read).toEqual([])
    })
  )
})
