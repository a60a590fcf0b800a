/** Runs that are over, at a real NATS that is not there yet when they are to be kept, or is gone for a while. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { RunHistory } from "../../../src/services/schedules/nats/RunHistory.ts"
import type { Run } from "../../../src/services/schedules/Schedule.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"
import { untilUp } from "../../support/nats/untilUp.ts"
import { natsStore } from "../../support/schedules/natsStore.ts"
import { scheduleWith } from "../../support/schedules/ScheduleWorld.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const OPTIONS = { replicas: 1, retention: Duration.days(1) }

const runWith = (sequence: number): Run => ({
  id: `run-${sequence}`,
  schedule: "one",
  number: sequence,
  sequence,
  isAsked: false,
  due: 1000,
  outcome: "sent",
  startedAt: 1000,
  endedAt: 1001
})

/** One that is not over. */
const beginning = (sequence: number): Run => {
  const { endedAt: _, ...run } = runWith(sequence)
  return { ...run, outcome: "sending" }
}

/** A node whose NATS is gone. */
const alone = Effect.gen(function* () {
  const server = yield* startNats()
  const link = yield* linkTo([server], { reconnectWait: 20, reconnectJitter: 0 })
  yield* Effect.promise(() => server.kill())
  yield* untilUp(link, false)
  return { server, link }
})

describe.skipIf(noNatsServer !== undefined)(`runs that are over ${noNatsServer ?? ""}`, () => {
  it("are kept by a server that comes later: until then it is asked again", () =>
    run(
      Effect.gen(function* () {
        const { server, link } = yield* alone
        const opening = yield* Effect.forkChild(RunHistory.open(link, OPTIONS), { startImmediately: true })
        yield* Effect.promise(() => server.start())
        expect(opening.pollUnsafe()).toBeUndefined()
        const history = yield* Fiber.join(opening)
        for (const sequence of [1, 2, 2]) yield* history.append(runWith(sequence))
        expect((yield* history.read("one")).map(({ sequence }) => sequence)).toEqual([1, 2])
        expect(yield* history.read("two")).toEqual([])
      })
    ))

  it("where none comes in half a minute, that is said", () =>
    run(
      Effect.gen(function* () {
        const { link } = yield* alone
        yield* Effect.gen(function* () {
          const opening = yield* Effect.forkChild(Effect.flip(RunHistory.open(link, OPTIONS)), {
            startImmediately: true
          })
          yield* TestClock.adjust("29 seconds")
          expect(opening.pollUnsafe()).toBeUndefined()
          yield* TestClock.adjust("2 seconds")
          expect(yield* Fiber.join(opening)).toBeInstanceOf(BrokerUnavailable)
        }).pipe(Effect.provide(TestClock.layer()))
      })
    ))

  it("are not missed where they get into the history while it is read", () =>
    run(
      Effect.gen(function* () {
        const { store, link } = yield* natsStore([yield* startNats()])
        const { subjects, jetstream, manager } = link
        const { streams } = manager
        const [publish, getMessage] = [jetstream.publish.bind(jetstream), streams.getMessage.bind(streams)]
        // It stands in the schedule's key alone until somebody reads the history, and is not in what was read then.
        const isRead = yield* Deferred.make<void>()
        jetstream.publish = async (subject, ...rest) => {
          if (subject === subjects.scheduleRun("one")) await Effect.runPromise(Deferred.await(isRead))
          return publish(subject, ...rest)
        }
        streams.getMessage = async (stream, query) => {
          const found = await getMessage(stream, query)
          if (stream !== subjects.scheduleRuns) return found
          Deferred.doneUnsafe(isRead, Effect.void)
          await Effect.runPromise(store.commit([{ kind: "run", run: beginning(2) }]))
          return found
        }
        yield* store.commit([{ kind: "schedule", schedule: scheduleWith({ id: "one" }), before: undefined }])
        yield* store.commit([{ kind: "run", run: beginning(1) }])
        yield* store.commit([{ kind: "run", run: runWith(1) }])
        const { items } = yield* store.runs("one", { limit: 10 })
        expect(items.map(({ sequence, outcome }) => [sequence, outcome])).toEqual([[1, "sent"]])
      })
    ))

  it("are there again after NATS was away, and meanwhile nothing is taken", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server], { reconnectWait: 20, reconnectJitter: 0 })
        const history = yield* RunHistory.open(link, OPTIONS)
        yield* history.append(runWith(1))
        yield* Effect.promise(() => server.kill())
        yield* untilUp(link, false)
        expect(yield* Effect.flip(history.append(runWith(2)))).toBeInstanceOf(BrokerUnavailable)
        expect(yield* Effect.flip(history.read("one"))).toBeInstanceOf(BrokerUnavailable)
        yield* Effect.promise(() => server.start())
        yield* untilUp(link, true)
        yield* history.append(runWith(2))
        expect((yield* history.read("one")).map(({ sequence }) => sequence)).toEqual([1, 2])
      })
    ))
})
