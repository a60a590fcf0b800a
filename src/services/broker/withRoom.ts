/** A broker whose publishers wait while a mailbox is crowded, so that bursts are slowed down instead of being dropped. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Hub } from "../Hub.ts"
import { Broker } from "./Broker.ts"

export const withRoom = <E, R>(broker: Layer.Layer<Broker, E, R>): Layer.Layer<Broker, E, R | Hub> =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { room } = yield* Hub
      const inner = yield* Broker
      return Broker.of({
        ...inner,
        publish: (channel, data, options) => Effect.andThen(room, inner.publish(channel, data, options))
      })
    })
  ).pipe(Layer.provide(broker))
