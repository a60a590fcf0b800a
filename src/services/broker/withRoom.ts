/** A broker whose publishers wait while a mailbox is crowded, so that bursts are slowed down instead of being dropped. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Hub } from "../Hub.ts"
import { Broker } from "./Broker.ts"

export const withRoom = <E, R>(broker: Layer.Layer<Broker, E, R>): Layer.Layer<Broker, E, R | Hub> =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { room, holding } = yield* Hub
      const inner = yield* Broker
      return Broker.of({
        ...inner,
        publish: (channel, data, options) => {
          const publishing = inner.publish(channel, data, options)
          // What is to be on the disk first comes into the mailboxes later.
          return options.stream?.isDurable === true ? holding(publishing) : Effect.andThen(room, publishing)
        }
      })
    })
  ).pipe(Layer.provide(broker))
