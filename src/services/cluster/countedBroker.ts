/** A broker over nodes whose publications are counted in all of them, where they are parts of receipts. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Broker } from "../broker/Broker.ts"
import { ForeignDeliveries } from "../broker/nats/natsBrokerOptions.ts"
import { NodeReceipts } from "./NodeReceipts.ts"

const counted = (
  inner: Broker["Service"],
  { attempt, published }: NodeReceipts["Service"]
): Broker["Service"] => ({
  ...inner,
  publish: (channel, data, options) => {
    const publishing = inner.publish(channel, data, options)
    const { delivery } = options
    if (delivery?.receipt === undefined) return publishing
    return Effect.suspend(() => {
      const isAgain = attempt(delivery, channel)
      return Effect.tap(publishing, ({ isSuppressed }) =>
        Effect.sync(() => {
          if (!isSuppressed || isAgain) published(delivery, channel)
        })
      )
    })
  }
})

/** Publications of others' receipts are counted here, and those of this node's receipts are noted when they are published. */
export const layerCounted = <E, R>(broker: Layer.Layer<Broker, E, R>) =>
  Layer.effect(
    Broker,
    Effect.gen(function* () {
      return counted(yield* Broker, yield* NodeReceipts)
    })
  ).pipe(
    Layer.provide(broker),
    Layer.provide(
      Layer.effect(
        ForeignDeliveries,
        Effect.map(NodeReceipts, ({ foreign }) => foreign)
      )
    )
  )
