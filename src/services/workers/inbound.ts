/** Publications on their way from the primary to a worker, where they enter the hub; their counts go back, one message for each turn. */
import type { Hub } from "../Hub.ts"
import { ChannelEvent } from "../hot/ChannelEvent.ts"
import { DeliveryWatch } from "../hot/DeliveryWatch.ts"
import { Delivery, type Publication } from "../hot/Publication.ts"
import { ownBytes, ownInfo } from "../ownBytes.ts"
import type { AckDesk } from "../receipts/AckDesk.ts"
import type { Delivered, FromWorker, InChannel, ToWorker } from "./messages.ts"
import { Outbox } from "./Outbox.ts"

type Publications = Extract<ToWorker, { readonly _tag: "Publish" }>["publications"]

/** In the primary: a publication as it travels. */
export const outgoing = (publication: Publication): Omit<Publications[number], "id"> => {
  const { receipt, watch } = publication.delivery
  const until = receipt?.acknowledgeUntil
  if (until === undefined && watch === undefined) return travelling(publication)
  return {
    ...travelling(publication),
    ...(until === undefined ? {} : { receipt: { id: receipt!.id, until } }),
    ...(watch === undefined ? {} : { isWatched: true })
  }
}

const travelling = (publication: Publication): Omit<Publications[number], "id"> => {
  if (publication.channel === undefined) return { data: publication.data, isBinary: publication.isBinary }
  const { kind, channel, epoch, publication: entry } = publication
  const { data, offset, info, tags, isDelta, time } = entry
  return { data, isBinary: true, inChannel: { kind, channel, epoch, offset, info, tags, isDelta, time } }
}

/** In a worker: the publication that arrived. */
const arrived = (data: Uint8Array, isBinary: boolean, inChannel: InChannel | undefined): Publication => {
  const delivery = new Delivery()
  if (inChannel === undefined) return { data, isBinary, delivery }
  const { kind, channel, epoch, info, ...about } = inChannel
  // A room keeps its last publication: not with all that came in the same message.
  const publication = { ...about, data: ownBytes(data), info: info && ownInfo(info) }
  return new ChannelEvent(kind, channel, publication, epoch, delivery)
}

/** In a worker. @param acks where clients may acknowledge receipts */
export const publishHere = (hub: Hub["Service"], send: (message: FromWorker) => void, acks?: AckDesk) => {
  const counts = new Outbox<Delivered>((deliveries) => send({ _tag: "Delivered", deliveries }))
  return (publications: Publications): void => {
    for (const { id, data, isBinary, inChannel, receipt, isWatched } of publications) {
      if (receipt !== undefined) acks?.open(receipt.id, receipt.until)
      const publication = arrived(data, isBinary, inChannel)
      const { delivery } = publication
      if (isWatched === true) delivery.watch = new DeliveryWatch()
      delivery.onComplete = () => {
        const { eligible, written, slow, mailbox, firstWriteAt, lastWriteAt, watch } = delivery
        const part = { id, eligible, written, slow, mailbox, firstWriteAt, lastWriteAt }
        counts.add(watch === undefined ? part : { ...part, shards: watch.shards })
      }
      hub.publish(publication)
    }
  }
}
