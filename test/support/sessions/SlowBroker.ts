/** A broker that answers when a test says so: what is asked of it happens at once, and the answer waits. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { type Broker, BrokerUnavailable } from "../../../src/services/broker/Broker.ts"

type Slow = "history" | "subscribe" | "announce"

export class SlowBroker {
  /** Questions that wait for their answers, the oldest first. */
  readonly waiting: Array<{
    readonly what: Slow
    readonly answer: Deferred.Deferred<void, BrokerUnavailable>
  }> = []

  /** @param slow the others answer at once */
  constructor(readonly slow: ReadonlyArray<Slow> = ["history"]) {}

  readonly over = (memory: Broker["Service"]): Broker["Service"] => {
    const later =
      <Asked extends ReadonlyArray<unknown>, A>(
        what: Slow,
        ask: (...asked: Asked) => Effect.Effect<A, BrokerUnavailable>
      ) =>
      (...asked: Asked): Effect.Effect<A, BrokerUnavailable> =>
        !this.slow.includes(what)
          ? ask(...asked)
          : Effect.flatMap(ask(...asked), (result) => {
              const answer = Deferred.makeUnsafe<void, BrokerUnavailable>()
              this.waiting.push({ what, answer })
              return Effect.as(Deferred.await(answer), result)
            })
    return {
      ...memory,
      history: later("history", memory.history),
      subscribe: later("subscribe", memory.subscribe),
      announce: later("announce", memory.announce)
    }
  }

  /** Answers the oldest question; settles when who asked has gone on. */
  readonly answer = Effect.suspend(() => this.#settle(Effect.void))

  readonly fail = Effect.suspend(() => this.#settle(Effect.fail(new BrokerUnavailable({ detail: "down" }))))

  #settle(how: Effect.Effect<void, BrokerUnavailable>): Effect.Effect<void> {
    const oldest = this.waiting.shift()
    if (oldest === undefined) return Effect.die(new Error("nothing was asked"))
    Deferred.doneUnsafe(oldest.answer, how)
    return Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  }
}
