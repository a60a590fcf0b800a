/** A broker behind a link that can be cut, as a backend elsewhere in the network is. */
import * as Effect from "effect/Effect"
import { Broker, BrokerUnavailable } from "../../../src/services/broker/Broker.ts"

type LinkState = "whole" | "cut" | "losing answers"

export class BreakableLink {
  #state: LinkState = "whole"

  readonly cut = Effect.sync(() => this.#turn("cut"))
  readonly loseAnswers = Effect.sync(() => this.#turn("losing answers"))
  readonly restore = Effect.sync(() => this.#turn("whole"))

  /** The broker as it is seen from behind the link. */
  behind({
    publish,
    announce,
    subscribe,
    unsubscribe,
    history,
    removeHistory
  }: Broker["Service"]): Broker["Service"] {
    return Broker.of({
      publish: (...asked) => this.#over(publish(...asked)),
      announce: (...asked) => this.#over(announce(...asked)),
      subscribe: (channel) => this.#over(subscribe(channel)),
      unsubscribe,
      history: (...asked) => this.#over(history(...asked)),
      removeHistory: (channel) => this.#over(removeHistory(channel))
    })
  }

  #turn(state: LinkState): void {
    this.#state = state
  }

  #over<A, E>(asked: Effect.Effect<A, E>): Effect.Effect<A, E | BrokerUnavailable> {
    // On the way there and back others have their turn.
    const way = (fails: ReadonlyArray<LinkState>, detail: string) =>
      Effect.andThen(
        Effect.yieldNow,
        Effect.suspend(() =>
          fails.includes(this.#state) ? Effect.fail(new BrokerUnavailable({ detail })) : Effect.void
        )
      )
    return Effect.tap(Effect.andThen(way(["cut"], "the link is cut"), asked), () =>
      way(["cut", "losing answers"], "the answer is lost")
    )
  }
}
