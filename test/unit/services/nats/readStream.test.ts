import { it } from "@effect/vitest"
import type { ConsumerConfig } from "@nats-io/jetstream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import type { NatsLink } from "../../../../src/services/nats/NatsLink.ts"
import { readStream } from "../../../../src/services/nats/readStream.ts"

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
  /** Consumers at a server that is gone. */
  readonly neverMade?: ReadonlyArray<number>
  /** Consumers that send nothing. */
  readonly silent?: ReadonlyArray<number>
}

interface Made {
  readonly stream_name: string
  readonly name: string
  readonly num_pending: number
}

/** A stream whose consumers are made when the test says so, and then give what they have. */
const world = Effect.fnUntraced(function* ({
  consumers,
  last,
  to,
  lost,
  failsAt,
  neverMade = [],
  silent = []
}: World) {
  const [made, deleted] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const seen = { closed: 0, deleted: 0, read: [] as Array<number>, from: [] as Array<number>, asked: 0 }
  const has: Array<ReadonlyArray<number>> = []

  const make = async (from: number): Promise<Made> => {
    const name = String(seen.from.length)
    const seqs = (consumers[seen.from.length] ?? []).filter((seq) => seq >= from)
    seen.from.push(from)
    has.push(seqs)
    await (neverMade.includes(Number(name)) ? new Promise(() => {}) : Effect.runPromise(Deferred.await(made)))
    return { stream_name: "s", name, num_pending: seqs.length }
  }

  let heard: { readonly isClosed: boolean; readonly callback: (error: null, message: unknown) => void }
  const subscribe = (_: string, { callback }: { callback: (error: null, message: unknown) => void }) => {
    const subscription = {
      isClosed: false,
      callback
    }
    heard = subscription
    const unsubscribe = () => {
      subscription.isClosed = true
      seen.closed++
    }
    return { isClosed: () => subscription.isClosed, unsubscribe }
  }
  const publish = async (asked: string) => {
    const name = Number(asked.split(".").at(-1))
    const here = heard
    if (silent.includes(name)) return
    const seqs = has[name]!
    for (const [at, seq] of seqs.entries()) {
      await Promise.resolve()
      if (seq === lost && name === 0) continue
      const reply = `$JS.ACK.s.${name}.1.${seq}.${at + 1}.0.${seqs.length - at - 1}`
      if (!here.isClosed) here.callback(null, { subject: "a", data: new Uint8Array(0), reply })
    }
  }

  const link = {
    ask: (_: string, ask: () => Promise<unknown>) =>
      Effect.tryPromise({ try: ask, catch: (error) => error as Error }),
    connection: { subscribe, publish },
    manager: {
      consumers: {
        add: (_: string, { opt_start_seq }: ConsumerConfig) => make(opt_start_seq!),
        delete: () => {
          seen.deleted++
          return Effect.runPromise(Deferred.succeed(deleted, undefined))
        }
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
  return { seen, read, make: Deferred.succeed(made, undefined), deleted: Deferred.await(deleted) }
})

/** Lets time pass until it is done. */
const passed = Effect.fnUntraced(function* <A, E>(reading: Fiber.Fiber<A, E>) {
  while (reading.pollUnsafe() === undefined) {
    yield* TestClock.adjust("20 millis")
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
})

const joined = <A, E>(reading: Fiber.Fiber<A, E>) => Effect.andThen(passed(reading), Fiber.join(reading))

/** Lets what needs no time happen until then. */
const until = Effect.fnUntraced(function* (isThere: () => boolean) {
  while (!isThere()) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
})

describe("the reading of a stream", () => {
  it.effect("closes what it reads from when it has what is wanted, and asks nothing more", () =>
    Effect.gen(function* () {
      const { seen, read, make, deleted } = yield* world({ consumers: [[1, 3, 5, 7]], last: 7, to: 5 })
      yield* make
      yield* read
      yield* deleted
      expect(seen).toMatchObject({ read: [1, 3, 5], asked: 0 })
      expect(seen.closed).toBeGreaterThan(0)
    })
  )

  it.effect("goes on elsewhere where a server does not have all of it yet, or nothing", () =>
    Effect.gen(function* () {
      const consumers = [[], [1, 3], [1, 3], [1, 3, 5]]
      const { seen, read, make } = yield* world({ consumers, last: 5, to: 5 })
      yield* make
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
      const { seen, read, make } = yield* world({ consumers, last: 7, to: 7, lost: 3 })
      yield* make
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* joined(reading)
      expect(seen).toMatchObject({ read: [1, 3, 5, 7], from: [1, 2], asked: 1 })
    })
  )

  it.effect("asks for another consumer while none is made, and leaves none of them", () =>
    Effect.gen(function* () {
      const consumers = [
        [1, 3],
        [1, 3],
        [1, 3]
      ]
      const { seen, read, make } = yield* world({ consumers, to: 3, neverMade: [0] })
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      expect(seen.from).toEqual([1])
      yield* TestClock.adjust("700 millis")
      expect(seen.from).toEqual([1, 1, 1])
      yield* make
      yield* Fiber.join(reading)
      yield* until(() => seen.deleted === 2)
      expect(seen).toMatchObject({ read: [1, 3], from: [1, 1, 1], asked: 0 })
    })
  )

  it.effect("goes on with another consumer where one falls silent", () =>
    Effect.gen(function* () {
      const consumers = [
        [1, 3],
        [1, 3]
      ]
      const { seen, read, make } = yield* world({ consumers, last: 3, to: 3, silent: [0] })
      yield* make
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* joined(reading)
      expect(seen).toMatchObject({ read: [1, 3], from: [1, 1] })
    })
  )

  it.effect("ends where the rest is gone, though it was wanted", () =>
    Effect.gen(function* () {
      const one = yield* world({ consumers: [[1, 3]], last: 3, to: 5 })
      yield* one.make
      yield* one.read
      expect(one.seen).toMatchObject({ read: [1, 3], from: [1], asked: 1 })
      const none = yield* world({ consumers: [[]], to: 5 })
      yield* none.make
      yield* none.read
      expect(none.seen).toMatchObject({ read: [], from: [1], asked: 1 })
    })
  )

  it.effect("fails where a server never comes to have it", () =>
    Effect.gen(function* () {
      const { seen, read, make } = yield* world({ consumers: [[1, 3]], last: 5, to: 5 })
      yield* make
      const reading = yield* Effect.forkChild(Effect.flip(read), { startImmediately: true })
      yield* TestClock.adjust("12 seconds")
      expect((yield* Fiber.join(reading)).message).toContain("nothing comes any more")
      expect(seen.read).toEqual([1, 3])
    })
  )

  it.effect("fails where a message cannot be taken", () =>
    Effect.gen(function* () {
      const { seen, read, make, deleted } = yield* world({ consumers: [[1, 3, 5]], to: 5, failsAt: 3 })
      yield* make
      expect((yield* Effect.flip(read)).message).toBe("it cannot be read")
      yield* deleted
      expect(seen.read).toEqual([1])
    })
  )

  it.effect("that has failed, as nothing came, tells nothing any more, and leaves nothing at NATS", () =>
    Effect.gen(function* () {
      const { seen, read, make } = yield* world({ consumers: [[1, 3]], last: 3, to: 3 })
      const reading = yield* Effect.forkChild(Effect.flip(read), { startImmediately: true })
      yield* passed(reading)
      expect((yield* Fiber.join(reading)).message).toContain("nothing comes any more")
      yield* make
      yield* until(() => seen.deleted === seen.from.length)
      expect(seen.read).toEqual([])
      expect(seen.from.length).toBeGreaterThan(1)
    })
  )

  it.effect("that nobody waits for any more ends likewise", () =>
    Effect.gen(function* () {
      const { seen, read, make, deleted } = yield* world({ consumers: [[1, 3]], to: 3 })
      const reading = yield* Effect.forkChild(read, { startImmediately: true })
      yield* Fiber.interrupt(reading)
      yield* make
      yield* deleted
      expect(seen.read).toEqual([])
    })
  )
})
