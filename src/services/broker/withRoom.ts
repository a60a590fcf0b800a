/** A broker whose publishers wait while a mailbox is crowded, so that bursts are slowed down instead of being dropped. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Hub } from "../Hub.ts"
import { Broker, type PublishOptions } from "./Broker.ts"

/** What is to be on the disk first comes into the mailboxes later. */
const isOnDisk = ({ stream }: PublishOptions): boolean => stream?.isDurable === true

/** @param isLater whether a publication is in the mailboxes only when it has succeeded */
export const withRoom = <E, R>(
  broker: Layer.Layer<Broker, E, R>,
  isLater: (options: PublishOptions) => boolean = isOnDisk
): Layer.Layer<Broker, E, R | Hub> =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      const { room, holding } = yield* Hub
      const inner = yield* Broker
      return Broker.of({
        ...inner,
        publish: (channel, data, options) => {
          const publishing = inner.publish(channel, data, options)
          return isLater(options) ? holding(publishing) : Effect.andThen(room, publishing)
        }
      })
    })
  ).pipe(Layer.provide(broker))
