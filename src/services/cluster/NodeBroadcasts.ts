/**
 * Frames for every raw connection of all nodes: one message of NATS for each, however many nodes and connections there are, and each node sends
 * it to its own.
 *
 * Guarantees: the frames of one node reach the others in the order in which it sent them, each at most once. What is on its way when a
 * connection to NATS is lost may not arrive: the receipt names the nodes that have not told what became of it.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { Delivery, type Frame } from "../hot/Publication.ts"
import { counter, Metrics } from "../Metrics.ts"
import { NatsLink } from "../nats/NatsLink.ts"
import { makeNow } from "../now.ts"
import { Others } from "../Publisher.ts"
import { noticeOf } from "../receipts/receiptNotice.ts"
import { NodePost } from "./NodePost.ts"
import { NodeReceipts } from "./NodeReceipts.ts"
import { Roster } from "./Roster.ts"

const DOWN = new BrokerUnavailable({ detail: "there is no connection to the other nodes" })

export const layer = Layer.effect(
  Others,
  Effect.gen(function* () {
    const { isUp, uid } = yield* NatsLink
    const post = yield* NodePost
    const roster = yield* Roster
    const receipts = yield* NodeReceipts
    const now = yield* makeNow
    let heard: (frame: Frame, delivery: Delivery) => void = () => {}
    let untold = 0
    yield* post.hear((message, from) => {
      if (message._tag !== "Everyone" || from === uid) return
      const { data, isBinary, receipt } = message
      heard(
        { data, isBinary },
        receipt === undefined ? new Delivery() : receipts.foreign(receipt, from, null)
      )
    })
    yield* (yield* Metrics).register(
      Effect.sync(() => [
        counter(
          "clarion_cluster_broadcasts_untold_total",
          "Publications of clients that other nodes could not be told",
          untold
        )
      ])
    )
    return {
      refusal: () => (isUp() ? undefined : DOWN),
      tell: ({ data, isBinary }, delivery) => {
        const isSent = post.send("all", {
          _tag: "Everyone",
          data,
          isBinary,
          receipt: noticeOf(delivery.receipt, now())
        })
        if (!isSent) untold++
        receipts.published(delivery, null)
        return isSent
      },
      hear: (told) => {
        heard = told
      },
      connections: roster.connections
    }
  })
)
