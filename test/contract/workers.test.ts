/** Broker and presence as workers see them are held to the contracts, too: behind a link to the primary, which has them in its memory. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { makeEmbedded } from "../../src/services/broker/EmbeddedBroker.ts"
import { Hub } from "../../src/services/Hub.ts"
import { layerMemory } from "../../src/services/MemoryPresence.ts"
import { Presence } from "../../src/services/Presence.ts"
import { ANSWER_TIMEOUT } from "../../src/services/workers/PrimaryAsker.ts"
import { remoteBroker } from "../../src/services/workers/RemoteBroker.ts"
import { remotePresence } from "../../src/services/workers/RemotePresence.ts"
import { Received } from "../support/broker/Received.ts"
import { inMemory } from "../support/store/stores.ts"
import { type Losses, linkWorker, makeDeskEnv } from "../support/workers/linked.ts"
import type { BrokerContract, BrokerProcess } from "./broker/BrokerContract.ts"
import { brokerSuite } from "./brokerSuite.ts"
import { presenceSuite } from "./presenceSuite.ts"

/** So many workers of one primary. */
const start = Effect.fnUntraced(function* (count: number, losses?: Losses) {
  const context = yield* Layer.build(Layer.mergeAll(Hub.layer, layerMemory, inMemory))
  const hub = Context.get(context, Hub)
  const { broker } = yield* Effect.provide(Effect.orDie(makeEmbedded(hub.publish)), context)
  const env = yield* Effect.provide(makeDeskEnv(broker, Context.get(context, Presence)), context)
  return yield* Effect.forEach(
    Array.from({ length: count }, (_, i) => `n${i + 1}`),
    Effect.fnUntraced(function* (name) {
      const received = new Received()
      return { received, ...(yield* linkWorker(name, env, received.deliver, losses)) }
    })
  )
})

const contract = (isDurable: boolean): BrokerContract => ({
  start: Effect.fnUntraced(function* (count) {
    // Whoever waits for what was lost waits until the time limit.
    const fork = Effect.runForkWith(yield* Effect.context<never>())
    const losses: Losses = {
      questions: false,
      answers: false,
      onLost: () => void fork(TestClock.adjust(ANSWER_TIMEOUT))
    }
    const lose = (questions: boolean, answers: boolean) =>
      Effect.sync(() => void Object.assign(losses, { questions, answers }))
    const workers = yield* start(count, losses)
    const processes = workers.map(
      ({ asker, received }): BrokerProcess => ({ broker: remoteBroker(asker), received })
    )
    return {
      processes: processes as [BrokerProcess],
      pass: (ms) => TestClock.adjust(ms),
      link: { cut: lose(true, true), loseAnswers: lose(false, true), restore: lose(false, false) }
    }
  }),
  run: (test) => Effect.runPromise(test.pipe(Effect.scoped, Effect.provide(TestClock.layer()))),
  ttlMs: 20_000,
  metaTtlMs: 90_000,
  longestPassMs: Number.POSITIVE_INFINITY,
  isDurable,
  canBreak: true
})

describe("the broker of workers, history in memory", () => brokerSuite(contract(false)))
describe("the broker of workers, durable history", () => brokerSuite(contract(true)))

describe("presence of workers", () =>
  presenceSuite({
    start: (count) =>
      Effect.map(start(count), (workers) => workers.map(({ asker }) => remotePresence(asker))),
    run: (test) => Effect.runPromise(Effect.scoped(test))
  }))
