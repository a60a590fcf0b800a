/**
 * Asks the broker for the channels that this process has subscribers of, and no others. A subscription waits until the broker has
 * agreed: what is published from then on comes here.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Broker, BrokerUnavailable } from "../broker/Broker.ts"
import type { Hub } from "../Hub.ts"
import type { SessionEnv } from "./SessionEnv.ts"

export class Interest {
  /** Asked for, and not agreed yet. */
  readonly #asked = new Map<string, Fiber.Fiber<void, BrokerUnavailable>>()

  constructor(
    hub: Hub["Service"],
    readonly broker: Broker["Service"],
    readonly fork: SessionEnv["fork"]
  ) {
    hub.onInterest((channel, isWanted) => {
      if (isWanted) this.#ask(channel)
      else {
        this.#asked.delete(channel)
        fork(broker.unsubscribe(channel))
      }
    })
  }

  /** Completes when the broker has agreed. Who meets a failure asks again. */
  ready(channel: string): Effect.Effect<void, BrokerUnavailable> {
    const asked = this.#asked.get(channel)
    if (asked === undefined) return Effect.void
    return Fiber.join(asked.pollUnsafe()?._tag === "Failure" ? this.#ask(channel) : asked)
  }

  #ask(channel: string): Fiber.Fiber<void, BrokerUnavailable> {
    const fiber = this.fork(this.broker.subscribe(channel))
    if (fiber.pollUnsafe()?._tag === "Success") return fiber
    this.#asked.set(channel, fiber)
    fiber.addObserver((exit) => {
      if (exit._tag === "Success" && this.#asked.get(channel) === fiber) this.#asked.delete(channel)
    })
    return fiber
  }
}
