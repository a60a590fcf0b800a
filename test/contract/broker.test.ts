/** Every broker is held to one contract. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { makeEmbedded } from "../../src/services/broker/EmbeddedBroker.ts"
import type { Store } from "../../src/services/store/Store.ts"
import { BreakableLink } from "../support/broker/BreakableLink.ts"
import { Received } from "../support/broker/Received.ts"
import { inMemory, onDisk } from "../support/store/stores.ts"
import type { BrokerContract, BrokerProcess } from "./broker/BrokerContract.ts"
import { brokerSuite } from "./brokerSuite.ts"

/** The broker of a primary, which takes what it delivers to each of its workers. */
const embedded = (store: Layer.Layer<Store>, isDurable: boolean, canBreak: boolean): BrokerContract => ({
  start: Effect.fnUntraced(function* (count) {
    const received = Array.from({ length: count }, () => new Received())
    const { broker } = yield* makeEmbedded((event) => {
      for (const { deliver } of received) deliver(event)
    }).pipe(Effect.orDie, Effect.provide(yield* Layer.build(store)))
    const link = canBreak ? new BreakableLink() : undefined
    const processes = received.map(
      (own): BrokerProcess => ({ broker: link?.behind(broker) ?? broker, received: own })
    )
    return { processes: processes as [BrokerProcess], pass: (ms) => TestClock.adjust(ms), link }
  }),
  run: (test) => Effect.runPromise(test.pipe(Effect.scoped, Effect.provide(TestClock.layer()))),
  ttlMs: 20_000,
  metaTtlMs: 90_000,
  longestPassMs: Number.POSITIVE_INFINITY,
  isDurable,
  canBreak
})

describe("the broker, history in memory", () => brokerSuite(embedded(inMemory, false, false)))
describe("the broker behind a link, history in memory", () => brokerSuite(embedded(inMemory, false, true)))
describe("the broker, durable history in a store in memory", () =>
  brokerSuite(embedded(inMemory, true, false)))
describe("the broker, durable history on disk", () => brokerSuite(embedded(onDisk, true, false)))
describe("the broker behind a link, durable history", () => brokerSuite(embedded(inMemory, true, true)))
