/** Who is told what became of a message may fail: the others are told all the same. What a server answers: test/integration/nats. */
import type { NatsConnection, Subscription } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { type PublishOutcome, StreamPublisher } from "../../../../src/services/nats/StreamPublisher.ts"
import { makeNow } from "../../../../src/services/now.ts"

const TIMEOUT_MS = 1000
const BYTES = new Uint8Array(1)
const DOWN = new BrokerUnavailable({ detail: "it is down" })

const made = Effect.gen(function* () {
  const failures: Array<string> = []
  const told: Array<string> = []
  const connection = { publish: () => {} } as unknown as NatsConnection
  let error: BrokerUnavailable | undefined
  const timers: Array<Fiber.Fiber<void>> = []
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const publisher = new StreamPublisher({
    ...{ connection, timeoutMs: TIMEOUT_MS, now: yield* makeNow },
    listen: () => ({ isClosed: () => false, unsubscribe: () => {} }) as unknown as Subscription,
    down: () => error,
    fork: (effect) => void timers.push(fork(effect)),
    failed: (detail) => void failures.push(detail)
  })
  const say =
    (name: string) =>
    (outcome: PublishOutcome): void =>
      void told.push(`${name} ${outcome._tag === "unknown" ? outcome.error.detail : outcome._tag}`)
  return {
    ...{ publisher, failures, told },
    publish: (name: string, done = say(name)) => publisher.publish(name, BYTES, { expected: 0 }, done),
    goDown: () => {
      error = DOWN
    },
    timersEnd: Effect.suspend(() => Fiber.joinAll(timers))
  }
})

const fails = () => {
  throw new Error("a defect")
}

const run = <A>(test: Effect.Effect<A>) => Effect.runPromise(Effect.provide(test, TestClock.layer()))

describe("who is told what became of a message", () => {
  it("fails: others whose time is over are told, and so are those that come later", () =>
    run(
      Effect.gen(function* () {
        const { publish, failures, told, timersEnd } = yield* made
        publish("a", fails)
        publish("b")
        yield* TestClock.adjust(TIMEOUT_MS)
        yield* timersEnd
        publish("c")
        yield* TestClock.adjust(TIMEOUT_MS)
        yield* timersEnd
        expect(told).toEqual([expect.stringMatching(/^b .*timeout$/), expect.stringMatching(/^c .*timeout$/)])
        expect(failures).toEqual(["Error: a defect"])
      })
    ))

  it("fails when the connection is lost, or while it is down: nothing else does", () =>
    run(
      Effect.gen(function* () {
        const { publish, publisher, goDown, failures, told } = yield* made
        publish("a", fails)
        publish("b")
        publisher.fail("it was lost")
        goDown()
        publish("c", fails)
        publish("d")
        yield* Effect.promise(() => Promise.resolve())
        expect(told).toEqual([expect.stringMatching(/^b .*it was lost$/), "d it is down"])
        expect(failures).toEqual(["Error: a defect", "Error: a defect"])
      })
    ))

  it("loses all others meanwhile: each is told once", () =>
    run(
      Effect.gen(function* () {
        const { publish, publisher, told } = yield* made
        publish("a", () => publisher.fail("it was lost"))
        publish("b")
        publisher.fail("it was lost first")
        expect(told).toEqual([expect.stringMatching(/^b .*it was lost$/)])
      })
    ))
})
