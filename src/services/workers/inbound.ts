/** In a worker: publications from the primary enter the hub of this process, and their counts go back, one message for each turn. */
import type { Hub } from "../Hub.ts"
import { Delivery } from "../hot/Publication.ts"
import type { Delivered, FromWorker, ToWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

type Publications = Extract<ToWorker, { readonly _tag: "Publish" }>["publications"]

export const publishHere = (hub: Hub["Service"], send: (message: FromWorker) => void) => {
  const counts = new Outbox<Delivered>((deliveries) => send({ _tag: "Delivered", deliveries }))
  return (publications: Publications): void => {
    for (const { id, data, isBinary } of publications) {
      const delivery = new Delivery()
      delivery.onComplete = () => {
        const { eligible, written, dropped, closed, firstWriteAt, lastWriteAt } = delivery
        counts.add({ id, eligible, written, dropped, closed, firstWriteAt, lastWriteAt })
      }
      hub.publish({ data, isBinary, delivery })
    }
  }
}
