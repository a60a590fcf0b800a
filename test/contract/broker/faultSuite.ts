import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import {
  type BrokerContract,
  type BrokerLink,
  bytesOf,
  startSubscribed,
  streamOf,
  textOf
} from "./BrokerContract.ts"

/** What a backend that cannot answer answers. */
export const faultSuite = (contract: BrokerContract): void => {
  const stream = streamOf(contract)
  const { run } = contract

  const start = Effect.fnUntraced(function* (processes = 1) {
    const started = yield* startSubscribed(contract, processes, "news")
    return { ...started, link: started.link as BrokerLink }
  })

  it("while it does not answer everything fails with BrokerUnavailable, and leaving does not", () =>
    run(
      Effect.gen(function* () {
        const { broker, link } = yield* start()
        yield* link.cut
        for (const asked of [
          broker.publish("news", bytesOf("a"), { stream }),
          broker.announce("join", "news", { user: "42" }),
          broker.subscribe("other"),
          broker.history("news", { limit: -1 }, stream),
          broker.removeHistory("news")
        ]) {
          const error = yield* Effect.flip(asked as Effect.Effect<unknown, BrokerUnavailable>)
          expect(error).toBeInstanceOf(BrokerUnavailable)
          expect(error.message).toMatch(/not available/)
        }
        yield* broker.unsubscribe("news")
      })
    ))

  it("afterwards the stream goes on, or begins anew with another epoch: never with the same one and a gap", () =>
    run(
      Effect.gen(function* () {
        const { broker, link, received } = yield* start()
        const before = yield* broker.publish("news", bytesOf("before"), { stream })
        yield* link.cut
        yield* Effect.flip(broker.publish("news", bytesOf("lost"), { stream }))
        yield* link.restore
        const after = yield* broker.publish("news", bytesOf("after"), { stream })
        const history = yield* broker.history("news", { limit: -1 }, stream)
        expect(history).toMatchObject({ offset: after.offset, epoch: after.epoch })
        const first = after.epoch === before.epoch ? 1 : history.publications[0]!.offset
        expect(history.publications.map(({ offset }) => offset)).toEqual(
          Array.from({ length: after.offset - first + 1 }, (_, index) => first + index)
        )
        // Whoever was subscribed all the time hears of what is published now.
        for (let count = 1; ; count++) {
          const events = yield* received.wait("news", count)
          if (textOf(events.at(-1)!.data) === "after") break
        }
      })
    ))

  it("a publication that failed may have happened: with a key it is published once, however often it is tried", () =>
    run(
      Effect.gen(function* () {
        const { broker, link, received } = yield* start()
        const attempt = broker.publish("news", bytesOf("once"), { stream, idempotencyKey: "k" })
        yield* link.loseAnswers
        yield* Effect.flip(attempt)
        yield* Effect.flip(attempt)
        yield* link.restore
        const { isSuppressed, ...position } = yield* attempt
        expect([position.offset, isSuppressed]).toEqual([1, contract.claimsKeys !== true])
        expect(yield* attempt).toEqual({ ...position, isSuppressed: true })
        yield* broker.publish("news", bytesOf("end"), { stream })
        const events = yield* received.wait("news", 2)
        expect(events.map(({ data }) => textOf(data))).toEqual(["once", "end"])
        const { publications } = yield* broker.history("news", { limit: -1 }, stream)
        expect(publications.map(({ data }) => textOf(data))).toEqual(["once", "end"])
      })
    ))
}
