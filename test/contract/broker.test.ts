/** Every broker is held to one contract. */
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { makeEmbedded } from "../../src/services/broker/EmbeddedBroker.ts"
import { BreakableLink } from "../support/broker/BreakableLink.ts"
import { Received } from "../support/broker/Received.ts"
import type { BrokerContract, BrokerProcess } from "./broker/BrokerContract.ts"
import { brokerSuite } from "./brokerSuite.ts"

/** The memory broker of a primary, which takes what it delivers to each of its workers. */
const memory = (canBreak: boolean): BrokerContract => ({
  start: Effect.fnUntraced(function* (count) {
    const received = Array.from({ length: count }, () => new Received())
    const { broker } = yield* makeEmbedded((event) => {
      for (const { deliver } of received) deliver(event)
    })
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
  canBreak
})

describe("the memory broker", () => brokerSuite(memory(false)))
describe("the memory broker behind a link", () => brokerSuite(memory(true)))
